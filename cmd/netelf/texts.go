package main

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"netelf.example/eventlog"
	"netelf.example/internal/config"
	"netelf.example/message"
	"netelf.example/message/catalog"
	"netelf.example/service"
	"netelf.example/target"
)

// textFlags are the flags that say how the text of events is sought.
type textFlags struct {
	none    bool
	langs   string
	catalog string
}

func (f *textFlags) flags(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.BoolVar(&f.none, "no-message", false, "do not look for the text of events: their strings stand for it")
	fl.StringVar(&f.langs, "lang", "", "the `languages` of texts, the one wanted most first: de,en\n(default English)")
	catalogFlag(cmd, &f.catalog)
	completeList(cmd, "lang", langNames)
}

// catalogFlag is the --catalog of all verbs that read or fill one.
func catalogFlag(cmd *cobra.Command, name *string) {
	cmd.Flags().StringVar(name, "catalog", "", "the `file` with the message files of other machines, as 'netelf message' keeps it\n(default as your configuration says, or ~/.local/share/netelf/messages.db)")
}

// langNames are those that a shell completes: languages that Windows was sold in.
func langNames() []string {
	return []string{"en", "de", "fr", "es", "it", "nl", "pt", "pt-BR", "sv", "da", "nb", "fi", "pl", "cs", "hu", "ru", "tr", "el", "ja", "ko", "zh-CN", "zh-TW"}
}

// check says what is wrong with the flags.
func (f *textFlags) check() error {
	if _, err := message.ParseLangs(f.langs); err != nil {
		return usage("--lang: %w", err)
	}
	if f.none && (f.langs != "" || f.catalog != "") {
		return usage("--no-message looks for no text: --lang and --catalog say how to")
	}
	return nil
}

// want takes what is text out of what is wanted, if none is.
func (f *textFlags) want(fields eventlog.Fields) eventlog.Fields {
	if f.none {
		fields &^= eventlog.FieldMessage.Bit() | eventlog.FieldCategoryName.Bit()
	}
	return fields
}

// texts is where the text of events is sought that neither carry one nor come from
// where one is known: netelf's own message file, for the events that its service has
// written, and the catalogue. It may be used by many goroutines.
type texts struct {
	*app
	own     service.Texts
	catalog *catalog.Catalog // nil: there is none
	name    string
}

var (
	_ eventlog.Resolver         = (*texts)(nil)
	_ eventlog.CategoryResolver = (*texts)(nil)
)

// catalogName is the catalogue that is meant: one that was named, or the user's.
func (a *app) catalogName(flag string) (string, error) {
	if flag != "" {
		return flag, nil
	}
	if name, err := a.configuredCatalog(); name != "" || err != nil {
		return name, err
	}
	if name := config.MessagesFile(a.env); name != "" {
		return name, nil
	}
	return "", errors.New("nobody knows where your catalogue is: there is no home; give --catalog")
}

// configuredCatalog is what the configuration says, "" if nothing. One that nobody
// named and that is damaged says nothing: it does not keep files from being read.
func (a *app) configuredCatalog() (string, error) {
	p, err := a.openPeople()
	switch {
	case err == nil:
		return p.Catalog, nil
	case a.ownConfig == "":
		return "", nil
	}
	return "", a.peopleError("--config", err)
}

// texts opens what the flags say, nil if no text is wanted. That the user has no
// catalogue is well; one that is damaged is told of, and does not keep events from
// being read.
func (a *app) texts(f *textFlags) (*texts, error) {
	if f.none {
		return nil, nil
	}
	t := &texts{app: a}
	name, err := a.catalogName(f.catalog)
	if err != nil {
		var bad *exitError // in the configuration
		if errors.As(err, &bad) {
			return nil, err
		}
		return t, nil // nobody asked for it
	}
	t.name = name
	t.catalog, err = catalog.Open(name, nil)
	switch {
	case err == nil:
	case f.catalog != "":
		return nil, fmt.Errorf("--catalog: %w", err)
	case !errors.Is(err, fs.ErrNotExist):
		a.say("netelf: %v: no text is looked for in it", err)
	}
	return t, nil
}

// resolver is t for eventlog.Resolve; there is none where no text is wanted.
func (t *texts) resolver() eventlog.Resolver {
	if t == nil {
		return nil
	}
	return t
}

// close tells what was wrong with the catalogue.
func (t *texts) close() {
	if t == nil || t.catalog == nil {
		return
	}
	damage := t.catalog.Damage()
	for i, err := range damage {
		if i == maxDamage {
			t.say("netelf: %s: %s", t.name, counted(uint64(len(damage)-i), "more error"))
			break
		}
		t.say("netelf: %v", err)
	}
	_ = t.catalog.Close() // it was only read from
}

// maxDamage is how many errors of a catalogue are said.
const maxDamage = 5

// Message implements eventlog.Resolver.
func (t *texts) Message(lang string, e *eventlog.Event) (string, eventlog.TextBy) {
	if s, by := t.own.Message(lang, e); by != eventlog.NotFound || t.catalog == nil {
		return s, by
	}
	return t.catalog.Message(lang, e)
}

// Category implements eventlog.CategoryResolver.
func (t *texts) Category(lang string, e *eventlog.Event) (string, eventlog.TextBy) {
	if s, by := t.own.Category(lang, e); by != eventlog.NotFound || t.catalog == nil {
		return s, by
	}
	return t.catalog.Category(lang, e)
}

// grep is the term of a word in the text of events: nil where no text is wanted.
// Where only the service's own events can have one the term says so, so that no
// other record needs to be decoded to be judged.
func (t *texts) grep(targets []target.Target) func(word string) eventlog.Expr {
	if t == nil {
		return nil
	}
	all := t.catalog != nil
	for i := range targets {
		switch targets[i].Kind {
		case target.Local, target.DataDir, target.HTTP: // these have texts of their own
			all = true
		}
	}
	return func(word string) eventlog.Expr {
		var in eventlog.Expr = eventlog.TextTerm(eventlog.FieldMessage, eventlog.Contains, word)
		if !all {
			var sources eventlog.Or
			for _, s := range service.MessageSources() {
				sources = append(sources, eventlog.TextTerm(eventlog.FieldSource, eventlog.Eq, s.Name))
			}
			in = eventlog.And{sources, in}
		}
		return in
	}
}
