package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/concordat-hub/concordat/hack/platform/officer"
	"github.com/concordat-hub/concordat/hack/platform/story"
	"github.com/concordat-hub/concordat/internal/message"
)

// demo brings a fresh platform up, tells the story on it, and stays until it is
// told to end; with ONCE=1 it ends by itself, and fails if any scene failed.
func demo(ctx context.Context, l layout) error {
	l, err := stage(l)
	if err != nil {
		return err
	}
	if err := comeUp(ctx, l, true); err != nil {
		return err
	}
	var scenes, failed int
	scenes, failed, err = tell(ctx, l)
	if err != nil {
		return err
	}
	once := os.Getenv("ONCE") == "1"
	if once {
		err = down(l)
	} else if failed == 0 {
		fmt.Printf("\n%s\n", message.Text("demo_stays", nil))
		printNext(l)
		<-ctx.Done()
		fmt.Println()
		err = down(l)
	}
	if err != nil {
		return err
	}
	fmt.Println(message.Text("demo_total", message.Params{"Scenes": scenes, "Failed": failed}))
	if failed > 0 {
		return errSaid
	}
	return nil
}

// storyOnly marks a folder that holds nothing but an earlier telling.
const storyOnly = "story-only"

// stage returns an empty folder for the story: nobody is enrolled at its
// beginning. What somebody has done since make up is not swept away for it: the
// story is then told in a folder beside.
func stage(l layout) (layout, error) {
	_, used := os.Stat(l.path("ports.json"))
	if _, told := os.Stat(l.path(storyOnly)); used == nil && told != nil {
		fmt.Fprintln(os.Stderr, message.Text("demo_beside", message.Params{"Folder": l.path("demo")}))
		l.dir = l.path("demo")
	}
	if err := cleanUp(l); err != nil {
		return l, err
	}
	if err := os.MkdirAll(l.dir, 0o700); err != nil {
		return l, err
	}
	return l, os.WriteFile(l.path(storyOnly), nil, 0o600)
}

// errSaid ends the program with status 1; why has been printed already.
var errSaid = errors.New("the story did not hold")

func tell(ctx context.Context, l layout) (scenes, failed int, err error) {
	u, err := newUp(l)
	if err != nil {
		return 0, 0, err
	}
	platform, err := officer.Load(l.dir, l.bin)
	if err != nil {
		return 0, 0, err
	}
	s := story.New(platform, os.Stdout, filepath.Join(l.root(), "config", "samples"), []string{l.path("hub")})
	s.Enrol = u.applyAgency
	s.Enrolled = func(ctx context.Context) error { // the desks' addresses are known now
		if err := u.writeEnv(ctx); err != nil {
			return err
		}
		return platform.Reload()
	}
	scenes, failed = s.Tell(ctx)
	return scenes, failed, nil
}

// printNext prints five commands that work when pasted into bash.
func printNext(l layout) {
	fmt.Printf("\n%s\n\n", message.Text("demo_next", nil))
	fmt.Printf("  . %s/as agencya analyst-1\n", l.dir)
	for _, command := range []string{
		"concordat bulletin inbox",
		"concordat agreement list",
		"concordat agency show agencya",
		"kubectl get agencies,sharingagreements",
	} {
		fmt.Printf("  %s\n", command)
	}
	fmt.Println()
}
