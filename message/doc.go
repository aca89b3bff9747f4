// Package message is message text: where it lies, how it is written, and how the
// strings of an event get into it.
//
// It reads
//
//	PE files          .dll, .exe, .mui, .mun of 32 and 64 bits: the message tables
//	                  (RT_MESSAGETABLE) of all languages and the manifests of
//	                  event providers (WEVT_TEMPLATE), by a reader of its own
//	message tables    MESSAGE_RESOURCE_DATA, UTF-16, UTF-8 and ANSI entries
//	manifests         the compiled form of instrumentation manifests, CRIM
//	message text      the .mc files of the Message Compiler
//
// and writes message tables. docs/message-files.md draws the formats.
//
// A text out of a DLL, with the strings of an event in it:
//
//	pe, err := message.OpenPE(f, size)
//	text, ok, err := pe.Message(0xC0001B6F, message.English)
//	b := message.Insert(nil, text.String(), []string{"Spooler"}, nil)
//
// # Looking up
//
// A [Table] is a view over the bytes of one message table in one language. It
// decodes nothing before it is asked, and then only the entry asked for, so a
// program may keep the bytes of many tables and make a Table of them for each
// question. [Tables] is an ordered list of them: a DLL's own behind those of its
// .mui files, all tables of a catalogue, or what Compile made of an .mc file.
//
// # Inserting
//
// [Insert] does what FormatMessage does, with what event viewers add: a string
// that is missing stays in the text as %3, and %%n stands for a parameter string.
// [Template] is the same for a text that is used again and again.
//
// # Hostile input
//
// Nothing panics on input, and nothing is allocated by a number that the input
// claims before it was compared with what is there. The resource tree is walked
// three levels down and no further, so that it may have circles. These limits have
// names: MaxSections, MaxResources, MaxResource, MaxTotal, MaxMessages, MaxProviders,
// MaxElements, MaxDefinitions, MaxItems, MaxName, MaxTemplate, MaxText, MaxWidth,
// MaxParams, MaxParamDepth, MaxSource, MaxErrors. What is
// damaged is an error that names the place (*eventlog.FormatError); the rest is
// read all the same.
package message
