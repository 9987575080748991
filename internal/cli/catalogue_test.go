package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/concordat-hub/concordat/internal/message"
)

var code = regexp.MustCompile(`"(cli_[a-z_0-9]+[a-z0-9])"`)

// Every code in the program has a sentence, and every sentence of this area is
// used by some code or by one of the families that are put together by name.
func TestEveryCodeHasASentenceAndTheReverse(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range code.FindAllStringSubmatch(string(source), -1) {
			used[match[1]] = true
			if !message.Known(match[1]) {
				t.Errorf("%s: no sentence for %s", file, match[1])
			}
		}
	}
	catalogue, err := os.ReadFile("../message/catalogue/cli.en.json")
	if err != nil {
		t.Fatal(err)
	}
	family := regexp.MustCompile(`^cli_(document|receipt|ask|signature|agreement|completion|help)_`)
	for _, match := range regexp.MustCompile(`"(cli_[a-z_0-9]+)":`).FindAllStringSubmatch(string(catalogue), -1) {
		if !used[match[1]] && !family.MatchString(match[1]) {
			t.Errorf("the sentence %s is never said", match[1])
		}
	}
}

// Whoever asks for help reads sentences, never bare codes.
func TestHelpIsMadeOfSentences(t *testing.T) {
	for _, lang := range message.Languages() {
		a := &app{env: Env{Name: "concordat", Getenv: func(string) string { return "" }, Now: time.Now}, lang: lang}
		var walk func(*cobra.Command)
		walk = func(cmd *cobra.Command) {
			if cmd.Short == "" || strings.HasPrefix(cmd.Short, "cli_") {
				t.Errorf("%s in %s: %q", cmd.CommandPath(), lang, cmd.Short)
			}
			if cmd.HasParent() && cmd.Runnable() && !cmd.HasSubCommands() && cmd.Example == "" && cmd.Parent().Name() != "completion" && cmd.Name() != "help" {
				t.Errorf("%s has no example", cmd.CommandPath())
			}
			cmd.Flags().VisitAll(func(f *pflag.Flag) {
				if f.Usage == "" || strings.HasPrefix(f.Usage, "cli_") {
					t.Errorf("%s --%s in %s: %q", cmd.CommandPath(), f.Name, lang, f.Usage)
				}
			})
			for _, sub := range cmd.Commands() {
				walk(sub)
			}
		}
		walk(a.root())
	}
}

// A secret on the command line is in every process list of the machine.
func TestNoFlagTakesASecret(t *testing.T) {
	a := &app{env: Env{Name: "concordat", Getenv: func(string) string { return "" }, Now: time.Now}, lang: "en"}
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			for _, secret := range []string{"password", "token", "secret", "code"} {
				if strings.Contains(f.Name, secret) && !strings.HasSuffix(f.Name, "-file") {
					t.Errorf("%s --%s", cmd.CommandPath(), f.Name)
				}
			}
		})
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(a.root())
}

func TestAsAPluginItSpeaksOfKubectl(t *testing.T) {
	a := &app{env: Env{Name: "/usr/local/bin/kubectl-concordat", Getenv: func(string) string { return "" }, Now: time.Now}, lang: "en"}
	for _, cmd := range a.root().Commands() {
		if !strings.HasPrefix(cmd.CommandPath(), "kubectl concordat ") {
			t.Errorf("the path is %q", cmd.CommandPath())
		}
	}
}
