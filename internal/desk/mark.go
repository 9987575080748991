package desk

import (
	"strings"
	"time"

	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/message"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// The forms in which content leaves the desk, see act.Forms.
const (
	shownOnly    = "view-only"
	unmarkedCopy = "download"
)

// mark puts the reader's mark above and below a text that leaves the desk where
// the terms let no unmarked copy leave, and keeps the exact bytes back then. A
// mark stops nobody; it leads a copy back to whose it was.
func (d *Desk) mark(o *Officer, lang string, a asked, out *deskapi.Opened) {
	_, restricted := a.terms[string(restriction.AccessForm)]
	if restricted && a.by != d.Agency && a.terms.Value(restriction.AccessForm) != unmarkedCopy {
		withoutBytes(out)
	}
	if out.Form == shownOnly || out.Form == unmarkedCopy {
		return
	}
	out.Mark = message.Render(lang, message.New("desk_reader_mark", message.Params{
		"Agency": string(d.Agency), "Officer": o.Name, "When": d.Now().UTC().Format(time.RFC3339), "Purpose": out.Purpose,
		"Originator": out.Originator, "Label": a.terms.Value(restriction.TLP), "Entry": out.Decision,
	}))
	out.Rendered = out.Mark + "\n\n" + strings.TrimRight(out.Rendered, "\n") + "\n\n" + out.Mark + "\n"
	withoutBytes(out)
}

func withoutBytes(out *deskapi.Opened) {
	out.Content = ""
	for n := range out.Sections {
		out.Sections[n].Content = ""
	}
}
