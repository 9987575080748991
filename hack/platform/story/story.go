// Package story tells what Concordat does, in plain sentences while it happens,
// on a running local platform. Each scene acts through the commands that people
// use, shows them, and holds or fails by what really came back.
package story

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/concordat-hub/concordat/hack/platform/officer"
	"github.com/concordat-hub/concordat/internal/message"
)

// Story is one telling.
type Story struct {
	*officer.Platform
	Out io.Writer

	// Enrol applies the manifest of an agency, as `kubectl apply` would.
	Enrol func(ctx context.Context, agency string) error
	// Enrolled is called once every agency is ready.
	Enrolled func(ctx context.Context) error
	// Samples is the folder with the sample bulletins and agreements.
	Samples string
	// Private lists the folders that the hub keeps: nothing readable is in them.
	Private []string

	number    int
	bulletins []*bulletin
	toFIU     *bulletin // under AG-4
	scratch   string
}

// New returns a story that is told on the platform to out.
func New(p *officer.Platform, out io.Writer, samples string, private []string) *Story {
	return &Story{
		Platform: p, Out: out, Samples: samples, Private: private, bulletins: plan(), scratch: filepath.Join(p.Dir, "story"),
		toFIU: &bulletin{number: 8, publisher: a, readers: d, agreement: "AG-4", tlp: "TLP:AMBER", purpose: "detection"},
	}
}

// Scene is one promise, shown.
type Scene struct {
	Title string // code of its heading
	Play  func(ctx context.Context) error
}

// Scenes returns the story in order.
func (s *Story) Scenes() []Scene {
	return []Scene{
		{"demo_scene_enrol", s.enrolment},
		{"demo_scene_agreement", s.bilateral},
		{"demo_scene_multilateral", s.multilateral},
		{"demo_scene_accession", s.accession},
		{"demo_scene_bulletins", s.exchange},
		{"demo_scene_outsider", s.outsider},
		{"demo_scene_refusals", s.refusals},
		{"demo_scene_suspension", s.suspension},
		{"demo_scene_retraction", s.retraction},
		{"demo_scene_tightening", s.tightening},
		{"demo_scene_cannot_comply", s.cannotComply},
		{"demo_scene_silence", s.silence},
		{"demo_scene_notice", s.notice},
		{"demo_scene_review", s.reviewOverdue},
		{"demo_scene_termination", s.termination},
		{"demo_scene_receipts", s.receipts},
		{"demo_scene_hub", s.hubCannotRead},
	}
}

// Tell plays every scene and returns how many there were and how many failed. A
// scene that fails says why; the next ones are still told, because they say what
// still holds.
func (s *Story) Tell(ctx context.Context) (scenes, failed int) {
	if err := os.MkdirAll(s.scratch, 0o700); err != nil {
		fmt.Fprintln(s.Out, err)
		return 0, 1
	}
	for _, scene := range s.Scenes() {
		if ctx.Err() != nil {
			return scenes, failed + 1
		}
		scenes++
		s.number = scenes
		fmt.Fprintf(s.Out, "\n%s\n", s.text("demo_heading", message.Params{"Number": scenes, "Title": s.text(scene.Title, nil)}))
		began := time.Now()
		if err := scene.Play(ctx); err != nil {
			failed++
			fmt.Fprintf(s.Out, "\n%s\n", s.text("demo_failed", message.Params{"Number": scenes, "Why": err.Error()}))
			continue
		}
		fmt.Fprintf(s.Out, "\n%s\n", s.text("demo_held", message.Params{"Number": scenes, "Seconds": fmt.Sprintf("%.1f", time.Since(began).Seconds())}))
	}
	return scenes, failed
}

func (s *Story) text(code string, params message.Params) string { return message.Text(code, params) }

// say prints one sentence of the story.
func (s *Story) say(code string, params message.Params) {
	fmt.Fprintf(s.Out, "\n  %s\n", s.text(code, params))
}

// show prints the command that is about to run, as a person would type it.
func (s *Story) show(who, program string, args []string) {
	quoted := make([]string, len(args))
	for i, arg := range args {
		quoted[i] = arg
		if strings.ContainsAny(arg, " *$'\"") {
			quoted[i] = "'" + arg + "'"
		}
	}
	fmt.Fprintf(s.Out, "    %s$ %s %s\n", who, program, strings.Join(quoted, " "))
}

const shown = 14 // lines of output that a reader still reads

func (s *Story) output(text string) {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i, line := range lines {
		if i == shown {
			fmt.Fprintf(s.Out, "      %s\n", s.text("demo_more_lines", message.Params{"Count": len(lines) - shown}))
			return
		}
		if line != "" {
			fmt.Fprintf(s.Out, "      %s\n", line)
		}
	}
}

// does lets an officer run a command that must succeed, and shows both.
func (s *Story) does(ctx context.Context, o *officer.Officer, args ...string) (officer.Result, error) {
	result, err := s.tries(ctx, o, args...)
	if err == nil && result.Code != 0 {
		err = fmt.Errorf("concordat %s, as %s, ended with exit code %d: %s", strings.Join(args, " "), o, result.Code, result.Stderr)
	}
	return result, err
}

// tries lets an officer run a command and shows what came back, good or bad.
func (s *Story) tries(ctx context.Context, o *officer.Officer, args ...string) (officer.Result, error) {
	s.show(o.Agency+"/"+o.Name+" ", "concordat", args)
	result, err := o.Do(ctx, args...)
	if err != nil {
		return result, err
	}
	s.output(result.Stdout)
	if result.Code != 0 {
		s.output(lastLine(result.Stderr))
	}
	return result, nil
}

// lastLine is where a refused command says why; before it stands what was read.
func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndexByte(text, '\n')+1:]
}

// refused lets an officer try what must be refused with exactly this exit code.
func (s *Story) refused(ctx context.Context, code int, o *officer.Officer, args ...string) error {
	result, err := s.tries(ctx, o, args...)
	if err != nil {
		return err
	}
	if result.Code != code {
		return fmt.Errorf("concordat %s, as %s, ended with exit code %d instead of %d: %s", strings.Join(args, " "), o, result.Code, code, result.Stderr)
	}
	return nil
}

func (s *Story) kubectl(ctx context.Context, args ...string) (officer.Result, error) {
	s.show("", "kubectl", args)
	result, err := s.Kubectl(ctx, args...)
	if err == nil && result.Code != 0 {
		err = fmt.Errorf("kubectl %s: %s", strings.Join(args, " "), result.Stderr)
	}
	s.output(result.Stdout)
	return result, err
}

// eventually asks until ready says yes; what an agency did reaches another's desk
// through the hub, within a moment.
func eventually(ctx context.Context, what string, ready func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		ok, err := ready()
		if err != nil || ok {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited 30 s in vain for %s", what)
		case <-time.After(150 * time.Millisecond):
		}
	}
}

// Exit codes of the command line that the story relies on.
const (
	exitFailed   = 1
	exitUsage    = 2
	exitRefused  = 3
	exitNotFound = 4
)
