package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/concordat-hub/concordat/internal/item"
	"github.com/concordat-hub/concordat/internal/message"
)

// Env is the world around one run.
type Env struct {
	Name           string // argv[0]; kubectl-concordat makes it a kubectl plugin
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	Interactive    bool // a person can be asked: stdin and stderr are terminals
	Width          int  // columns of the terminal; 0 where stdout is none
	Now            func() time.Time
	Kinds          []item.Kind // kinds whose drafts can be held against a receipt
}

// app is what all commands share.
type app struct {
	env  Env
	lang string

	// Flags of the root command.
	desk, ca, context string
	output            string
	noHeaders         bool
	langFlag          string
	kubeconfig        string
	kubeContext       string

	stderr  io.Writer     // Env.Stderr without its lock
	running bool          // the command line was understood; what fails now is not its fault
	lines   *bufio.Reader // over Env.Stdin, see stdin
}

// Run runs one command line and returns its exit code.
func Run(ctx context.Context, env Env, args []string) int {
	a := &app{env: env, stderr: env.Stderr, lang: language(args, env.Getenv)}
	env.Stderr = &oneAtATime{to: env.Stderr}
	a.env.Stderr = env.Stderr
	root := a.root()
	root.SetArgs(args)
	root.SetIn(env.Stdin)
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	err := root.ExecuteContext(ctx)
	// The reader of a pipe went away: that is its choice and no failure of ours.
	if errors.Is(err, syscall.EPIPE) {
		return int(OK)
	}
	a.tellRefusal(err)
	exit, sentence := a.exitOf(err)
	if sentence != "" {
		fmt.Fprintln(env.Stderr, clean(root.Name()+": "+sentence))
	}
	return int(exit)
}

// oneAtATime keeps lines whole while a browser is being opened beside the program.
type oneAtATime struct {
	mu sync.Mutex
	to io.Writer
}

func (w *oneAtATime) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to.Write(b)
}

// language returns the reader's language as a BCP 47 tag: --lang, then the
// locale's variables in the order of POSIX.
func language(args []string, getenv func(string) string) string {
	for i, arg := range args {
		if value, found := strings.CutPrefix(arg, "--lang="); found {
			return value
		}
		if arg == "--lang" && i+1 < len(args) {
			return args[i+1]
		}
	}
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if value := getenv(name); value != "" {
			value, _, _ = strings.Cut(value, ".")
			value, _, _ = strings.Cut(value, "@")
			if value == "C" || value == "POSIX" {
				return "en"
			}
			return strings.ReplaceAll(value, "_", "-")
		}
	}
	return "en"
}

func (a *app) say(code string, params message.Params) string {
	return message.Render(a.lang, message.New(code, params))
}

// word says a code of a closed list in the reader's language.
func (a *app) word(of, code string) string { return message.Word(a.lang, of, code) }

func (a *app) words(of string, codes []string) []string {
	said := make([]string, 0, len(codes))
	for _, code := range codes {
		said = append(said, a.word(of, code))
	}
	return said
}

// tell says one sentence to the person, beside the data.
func (a *app) tell(code string, params message.Params) {
	fmt.Fprintln(a.env.Stderr, clean(a.say(code, params)))
}

// readInput reads a file, or stdin for "-", up to a limit in bytes.
func (a *app) readInput(name string, limit int64) ([]byte, error) {
	in := a.env.Stdin
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, failBecause(err, Usage, "cli_file_unreadable", message.Params{"File": name})
		}
		defer file.Close()
		in = file
	}
	b, err := io.ReadAll(io.LimitReader(in, limit+1))
	if err != nil {
		return nil, failBecause(err, Usage, "cli_file_unreadable", message.Params{"File": name})
	}
	if int64(len(b)) > limit {
		return nil, fail(Usage, "cli_file_too_large", message.Params{"File": name, "Limit": limit})
	}
	return b, nil
}

// writeFile replaces a file as a whole: a crash leaves the old one or the new one.
func (a *app) writeFile(name string, content []byte, mode os.FileMode) error {
	wrong := func(err error) error {
		return failBecause(err, Failed, "cli_file_unwritable", message.Params{"File": name})
	}
	temporary, err := os.CreateTemp(filepath.Dir(name), ".concordat-*")
	if err != nil {
		return wrong(err)
	}
	defer os.Remove(temporary.Name())
	if _, err := temporary.Write(content); err != nil {
		temporary.Close()
		return wrong(err)
	}
	for _, step := range []func() error{
		func() error { return temporary.Chmod(mode) }, temporary.Sync, temporary.Close,
		func() error { return os.Rename(temporary.Name(), name) },
	} {
		if err := step(); err != nil {
			return wrong(err)
		}
	}
	return nil
}

// emit writes bytes to the file of --out, or to stdout.
func (a *app) emit(out string, content []byte) error {
	if out == "" || out == "-" {
		_, err := a.env.Stdout.Write(content)
		return err
	}
	return a.writeFile(out, content, 0o644)
}

// bare takes the kind off a name, so that what -o name prints can be given back.
func bare(name string) string {
	for _, kind := range []string{"item/", "draft/", "agreement/", "agency/", "officer/", "consent/"} {
		if rest, found := strings.CutPrefix(name, kind); found {
			return rest
		}
	}
	return name
}

// exactly refuses another number of arguments with one sentence.
func exactly(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return fail(Usage, "cli_usage_arguments", message.Params{"Usage": cmd.UseLine()})
		}
		return nil
	}
}
