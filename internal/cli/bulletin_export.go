package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"

	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/message"
)

// exportRestrictions writes what binds an item. What another scheme cannot say is
// told beside it: it still binds.
func (a *app) exportRestrictions(ctx context.Context, d *desk, item, release, format string) error {
	raw, err := d.Restrictions(ctx, item, release, format)
	if err != nil {
		return err
	}
	if format != "iep" && format != "odrl" {
		return a.emit("", []byte(cleanText(string(raw))))
	}
	var export deskapi.Export
	if err := json.Unmarshal(raw, &export); err != nil {
		return err
	}
	if len(export.Left) > 0 {
		a.tell("cli_export_left", message.Params{"Axes": strings.Join(export.Left, ", ")})
	}
	if len(export.Tightened) > 0 {
		a.tell("cli_export_tightened", message.Params{"Axes": strings.Join(export.Tightened, ", ")})
	}
	var out bytes.Buffer
	if err := json.Indent(&out, export.Document, "", "  "); err != nil {
		return err
	}
	out.WriteByte('\n')
	return a.emit("", out.Bytes())
}
