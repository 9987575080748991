package cli

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
)

// documented are the command lines in the code blocks of a document.
func documented(t *testing.T, path string) [][]string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var lines [][]string
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(raw), -1) {
		for _, line := range strings.Split(block[1], "\n") {
			if rest, found := strings.CutPrefix(line, "concordat "); found {
				command, _, _ := strings.Cut(rest, " > ")
				lines = append(lines, strings.Fields(command))
			}
		}
	}
	return lines
}

// The page on the command line names every command, and no command or flag that
// does not exist.
func TestTheDocumentationNamesExactlyTheCommandsThatExist(t *testing.T) {
	shown := map[string]bool{}
	for _, line := range documented(t, "../../docs/cli.md") {
		root := (&app{env: Env{Name: "concordat", Getenv: func(string) string { return "" }, Now: time.Now}, lang: "en"}).root()
		cmd, rest, err := root.Find(line)
		if err != nil || cmd.HasSubCommands() {
			t.Errorf("concordat %s: no such command", strings.Join(line, " "))
			continue
		}
		if err := cmd.ParseFlags(rest); err != nil {
			t.Errorf("concordat %s: %v", strings.Join(line, " "), err)
			continue
		}
		if err := cmd.Args(cmd, cmd.Flags().Args()); err != nil && !strings.Contains(cmd.Use, "FILE") {
			t.Errorf("concordat %s: %v", strings.Join(line, " "), err)
		}
		shown[cmd.CommandPath()] = true
	}
	page, err := os.ReadFile("../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		path := strings.TrimPrefix(cmd.CommandPath(), "concordat ")
		named := shown[cmd.CommandPath()] || strings.Contains(string(page), "`"+path) || strings.Contains(string(page), "concordat "+path)
		if !cmd.HasSubCommands() && cmd.Name() != "help" && cmd.Parent().Name() != "completion" && !named {
			t.Errorf("docs/cli.md does not name %s", cmd.CommandPath())
		}
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk((&app{env: Env{Name: "concordat", Getenv: func(string) string { return "" }, Now: time.Now}, lang: "en"}).root())
}
