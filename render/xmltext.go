package render

import (
	"bytes"

	"netelf.example/eventlog"
)

// keywordNames are those of the keywords that mean the same in every event, by bit
// (winmeta.xml, [MS-EVEN6] 2.2.11).
var keywordNames = [...]struct {
	bit  uint64
	name string
}{
	{0x1000000000000, "Response Time"},
	{0x2000000000000, "WDI Context"},
	{0x4000000000000, "WDI Diag"},
	{0x8000000000000, "SQM"},
	{eventlog.KeywordAuditFailure, "Audit Failure"},
	{eventlog.KeywordAuditSuccess, "Audit Success"},
	{0x40000000000000, "Correlation Hint"},
	{eventlog.KeywordClassic, "Classic"},
}

// shownLevels are as an English Windows shows them; it shows level 0 as 4.
var shownLevels = [...]string{"Information", "Critical", "Error", "Warning", "Information", "Verbose"}

// levelName, opcodeName and shownKeywords are names that an English Windows has for
// every provider; "" and none where only the provider could say.
func levelName(e *eventlog.Event) string {
	if int(e.Level) < len(shownLevels) {
		return shownLevels[e.Level]
	}
	return ""
}

func opcodeName(e *eventlog.Event) string {
	if e.Extra != nil && e.Extra.Opcode == 0 {
		return "Info" // win:Info of winmeta.xml
	}
	return ""
}

func shownKeywords(has uint64) (names []string) {
	for i := range keywordNames {
		if has&keywordNames[i].bit != 0 {
			names = append(names, keywordNames[i].name)
		}
	}
	return names
}

// appendRenderingInfo appends what Windows has for people, if text was sought: in
// the order of Windows' RenderedXml. What nobody knows is empty; the message is not
// there where there is none.
func appendRenderingInfo(dst []byte, e *eventlog.Event) []byte {
	if e.MessageBy == eventlog.NotSought {
		return dst
	}
	element := func(name, text string) {
		dst = append(append(append(dst, '<'), name...), '>')
		dst = appendXMLText(dst, text)
		dst = append(append(append(dst, "</"...), name...), '>')
	}
	// The schema wants a culture. Which language the text is in is not known.
	dst = append(dst, "<RenderingInfo Culture='und'>"...)
	if hasText(e) {
		element("Message", e.Message)
	}
	element("Level", levelName(e))
	element("Task", e.CategoryName)
	element("Opcode", opcodeName(e))
	element("Channel", e.Channel())
	element("Provider", e.Source)
	dst = append(dst, "<Keywords>"...)
	for _, name := range shownKeywords(e.Keywords()) {
		element("Keyword", name)
	}
	return append(dst, "</Keywords></RenderingInfo>"...)
}

// addRenderingInfo puts it into an event's own XML, which begins at start, if that
// has none.
func addRenderingInfo(dst []byte, start int, e *eventlog.Event) []byte {
	const end = "</Event>"
	own := dst[start:]
	if e.MessageBy <= eventlog.NotFound || bytes.Contains(own, []byte("<RenderingInfo")) || !bytes.HasSuffix(own, []byte(end)) {
		return dst
	}
	return append(appendRenderingInfo(dst[:len(dst)-len(end)], e), end...)
}
