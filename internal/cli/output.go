package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"sigs.k8s.io/yaml"
)

// view is one answer in all its shapes.
type view struct {
	Data   any        // for json and yaml: a contract
	Names  []string   // for name: kind/name, one per line
	Header []string   // codes of column titles; none for a list of pairs
	Rows   [][]string // for people
}

// maxWidth is what a table fits into when the terminal does not say.
const maxWidth = 100

// width is how many columns an answer may use.
func (a *app) width() int {
	if a.env.Width <= 0 || a.env.Width > maxWidth {
		return maxWidth
	}
	return a.env.Width
}

func (a *app) show(v view) error {
	switch a.output {
	case "json":
		var out bytes.Buffer
		encoder := json.NewEncoder(&out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(v.Data); err != nil {
			return err
		}
		return a.emit("", out.Bytes())
	case "yaml":
		out, err := yaml.Marshal(v.Data)
		if err != nil {
			return err
		}
		return a.emit("", out)
	case "name":
		for _, name := range v.Names {
			if _, err := fmt.Fprintln(a.env.Stdout, clean(name)); err != nil {
				return err
			}
		}
		return nil
	}
	return a.table(v)
}

func (a *app) table(v view) error {
	rows := make([][]string, 0, len(v.Rows)+1)
	if len(v.Header) > 0 && !a.noHeaders {
		titles := make([]string, len(v.Header))
		for i, code := range v.Header {
			titles[i] = strings.ToUpper(a.say(code, nil))
		}
		rows = append(rows, titles)
	}
	for _, row := range v.Rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			if cells[i] = clean(cell); cells[i] == "" && len(v.Header) > 0 {
				cells[i] = "-"
			}
		}
		rows = append(rows, cells)
	}
	fit(rows, a.width(), v.Header)
	out := tabwriter.NewWriter(a.env.Stdout, 0, 0, gap, ' ', 0)
	for _, row := range rows {
		if _, err := fmt.Fprintln(out, strings.Join(row, "\t")); err != nil {
			return err
		}
	}
	return out.Flush()
}

const (
	gap     = 2  // columns between columns
	minCell = 12 // a column is never cut below this
)

// whole are the columns that are never cut: people copy from them.
var whole = map[string]bool{
	"cli_column_item": true, "cli_column_id": true, "cli_column_draft": true, "cli_column_release": true, "cli_column_act_id": true,
	"cli_column_agency": true, "cli_column_about": true,
}

// fit cuts the widest column, one place at a time, until the rows fit or nothing
// more may be cut.
func fit(rows [][]string, width int, header []string) {
	widths := columnWidths(rows)
	for {
		total, widest := -gap, -1
		for i, w := range widths {
			total += w + gap
			mayCut := w > minCell && (i >= len(header) || !whole[header[i]])
			if mayCut && (widest < 0 || w > widths[widest]) {
				widest = i
			}
		}
		if total <= width || widest < 0 {
			break
		}
		widths[widest]--
	}
	for _, row := range rows {
		for i, cell := range row {
			row[i] = shorten(cell, widths[i])
		}
	}
}

func columnWidths(rows [][]string) []int {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	return widths
}

func shorten(cell string, width int) string {
	if utf8.RuneCountInString(cell) <= width {
		return cell
	}
	return strings.TrimRight(string([]rune(cell)[:width-1]), " ") + "…"
}
