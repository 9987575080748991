// Package officer lets programs act as the sample officers of a local platform,
// each with a login and a configuration of their own, through the command line
// that people use. The story and the end-to-end tests tell their acts with it.
package officer

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Platform is a running local platform, as its environment file describes it.
type Platform struct {
	Dir string // the folder that holds all its state
	Bin string
	env map[string]string
}

// Load reads the environment file of the platform in dir.
func Load(dir, bin string) (*Platform, error) {
	p := &Platform{Dir: dir, Bin: bin}
	return p, p.Reload()
}

// Reload reads the environment file again: addresses of new desks are in it.
func (p *Platform) Reload() error {
	raw, err := os.ReadFile(filepath.Join(p.Dir, "env"))
	if err != nil {
		return err
	}
	p.env = map[string]string{}
	lines := bufio.NewScanner(bytes.NewReader(raw))
	for lines.Scan() {
		name, value, ok := strings.Cut(strings.TrimPrefix(lines.Text(), "export "), "=")
		if ok && name != "PATH" {
			p.env[name] = strings.Trim(value, "'")
		}
	}
	return lines.Err()
}

// Get returns a variable of the environment file.
func (p *Platform) Get(name string) string { return p.env[name] }

// Desk returns the address of an agency's desk.
func (p *Platform) Desk(agency string) string {
	return p.env["CONCORDAT_"+strings.ToUpper(agency)+"_DESK"]
}

// Environ is the environment of a person who has read the environment file.
func (p *Platform) Environ() []string {
	env := []string{"PATH=" + p.Bin + ":" + filepath.Join(p.Dir, "bin") + ":" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "LANG=C.UTF-8"}
	for name, value := range p.env {
		if !strings.HasSuffix(name, "_PASSWORD") {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// Result is how a command ended.
type Result struct {
	Stdout, Stderr string
	Code           int
}

// Into decodes what the command printed with -o json.
func (r Result) Into(v any) error {
	if r.Code != 0 {
		return fmt.Errorf("exit code %d: %s", r.Code, r.Stderr)
	}
	return json.Unmarshal([]byte(r.Stdout), v)
}

// Kubectl runs kubectl as the platform's administrator.
func (p *Platform) Kubectl(ctx context.Context, args ...string) (Result, error) {
	return p.run(ctx, p.Environ(), "kubectl", args...)
}

// Concordat runs the command line as nobody in particular.
func (p *Platform) Concordat(ctx context.Context, args ...string) (Result, error) {
	return p.run(ctx, append(p.Environ(), "XDG_CONFIG_HOME="+filepath.Join(p.Dir, "people", "nobody")), "concordat", args...)
}

// run returns an error only if the program could not run at all.
func (p *Platform) run(ctx context.Context, env []string, name string, args ...string) (Result, error) {
	program := filepath.Join(p.Bin, name)
	if name == "kubectl" {
		program = filepath.Join(p.Dir, "bin", name)
	}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = env
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	result := Result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
	var exit *exec.ExitError
	if errors.As(err, &exit) && ctx.Err() == nil {
		return result, nil
	}
	return result, err
}

// Officer is one sample officer of one agency.
type Officer struct {
	*Platform
	Agency, Name string
}

// As returns the sample officer, for example analyst-1 of agencya.
func (p *Platform) As(agency, name string) *Officer { return &Officer{p, agency, name} }

func (o *Officer) String() string { return o.Name + " of " + o.Agency }

// Environ is the officer's own: their desk, their session, their browser.
func (o *Officer) Environ() []string {
	home := filepath.Join(o.Dir, "people", o.Agency, o.Name)
	return append(o.Platform.Environ(),
		"CONCORDAT_DESK="+o.Desk(o.Agency), "XDG_CONFIG_HOME="+home, "XDG_STATE_HOME="+filepath.Join(home, "state"),
		"CONCORDAT_BROWSER_USERNAME="+o.Name,
		"CONCORDAT_BROWSER_PASSWORD_FILE="+filepath.Join(o.Dir, "officers", o.Agency, o.Name+".password"),
	)
}

// Do runs one concordat command as the officer, logging in first if there is no
// session. It returns an error only if the program could not run.
func (o *Officer) Do(ctx context.Context, args ...string) (Result, error) {
	const notLoggedIn = 5
	result, err := o.run(ctx, o.Environ(), "concordat", args...)
	if err != nil || result.Code != notLoggedIn {
		return result, err
	}
	if login, err := o.run(ctx, o.Environ(), "concordat", "login"); err != nil || login.Code != 0 {
		return login, err
	}
	return o.run(ctx, o.Environ(), "concordat", args...)
}

// Must runs a command that has to succeed and decodes its -o json into v, which
// may be nil.
func (o *Officer) Must(ctx context.Context, v any, args ...string) error {
	if v != nil {
		args = append(args, "-o", "json")
	}
	result, err := o.Do(ctx, args...)
	if err != nil {
		return err
	}
	if result.Code != 0 {
		return fmt.Errorf("concordat %s, as %s: exit code %d: %s", strings.Join(args, " "), o, result.Code, result.Stderr)
	}
	if v == nil {
		return nil
	}
	return result.Into(v)
}
