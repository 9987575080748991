package cli

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/concordat-hub/concordat/internal/message"
)

// session is what one context remembers between commands: which desk, and the
// desk's own session token. It holds neither password nor id_token.
type session struct {
	Desk    string    `json:"desk"`
	CA      string    `json:"ca,omitempty"` // absolute path of a PEM file
	Agency  string    `json:"agency"`
	Officer string    `json:"officer"` // pseudonym
	Roles   []string  `json:"roles"`
	Token   string    `json:"token"`
	Expires time.Time `json:"expires"`
	// Vault is where the desk said, at the first login of this context, that its
	// officers sign. A desk that names another one later would be handed a token
	// with which it could sign something else.
	Vault string `json:"vault,omitempty"`
}

const defaultContext = "default"

var contextForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)

func (a *app) contextName() string {
	if a.context == "" {
		return defaultContext
	}
	return a.context
}

// sessionFile is $XDG_CONFIG_HOME/concordat/<context>.json (XDG Base Directory
// Specification: $HOME/.config where the variable is empty or relative).
func (a *app) sessionFile() (string, error) {
	name := a.contextName()
	if !contextForm.MatchString(name) {
		return "", fail(Usage, "cli_context_malformed", message.Params{"Context": name})
	}
	dir := a.env.Getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(dir) {
		home := a.env.Getenv("HOME")
		if home == "" {
			return "", fail(Failed, "cli_no_home", nil)
		}
		dir = filepath.Join(home, ".config")
	}
	return filepath.Join(dir, "concordat", name+".json"), nil
}

func (a *app) notLoggedIn() error {
	return fail(NotLoggedIn, "cli_not_logged_in", message.Params{"Context": a.contextName()})
}

// loadSession returns the session of the context, or a failure that says to log
// in. A file that others can read is refused: the token in it is a login.
func (a *app) loadSession() (*session, error) {
	name, err := a.sessionFile()
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, a.notLoggedIn()
	}
	if err != nil {
		return nil, failBecause(err, Failed, "cli_file_unreadable", message.Params{"File": name})
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fail(NotLoggedIn, "cli_session_readable_by_others", message.Params{"File": name})
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		return nil, failBecause(err, Failed, "cli_file_unreadable", message.Params{"File": name})
	}
	var s session
	if json.Unmarshal(raw, &s) != nil || s.Token == "" || s.Desk == "" {
		return nil, a.notLoggedIn()
	}
	if !a.env.Now().Before(s.Expires) {
		return nil, fail(NotLoggedIn, "cli_session_expired", message.Params{"Context": a.contextName()})
	}
	// A token goes only to the desk that gave it.
	if a.desk != "" && strings.TrimSuffix(a.desk, "/") != s.Desk {
		return nil, fail(NotLoggedIn, "cli_session_of_other_desk", message.Params{"Context": a.contextName(), "Desk": s.Desk})
	}
	return &s, nil
}

func (a *app) saveSession(s *session) error {
	name, err := a.sessionFile()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return failBecause(err, Failed, "cli_file_unwritable", message.Params{"File": name})
	}
	raw, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return a.writeFile(name, raw, 0o600)
}

// lastSession returns what the context remembers, also if its session is over.
func (a *app) lastSession() *session {
	name, err := a.sessionFile()
	if err != nil {
		return nil
	}
	raw, err := os.ReadFile(name)
	var s session
	if err != nil || json.Unmarshal(raw, &s) != nil {
		return nil
	}
	return &s
}

// forgetSession forgets the token and keeps which desk it was, so that the next
// login of the context needs no address.
func (a *app) forgetSession() error {
	last := a.lastSession()
	if last == nil {
		return nil
	}
	last.Token, last.Expires = "", time.Time{}
	return a.saveSession(last)
}

// checkURL refuses addresses over which a token would travel in the clear.
func checkURL(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return fail(Usage, "cli_address_not_https", message.Params{"Address": address})
	}
	return nil
}
