package cli

import (
	"context"
	"errors"
	"fmt"
	"html"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/concordat-hub/concordat/internal/cli/loopback"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/message"
)

func (a *app) login() *cobra.Command {
	var wait time.Duration
	cmd := a.verb("login [flags]", "cli_login_short",
		"  concordat login --desk https://desk.agency.example --ca ca.pem\n  BROWSER=firefox concordat login --context agencya",
		exactly(0), func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), wait)
			defer cancel()
			return a.runLogin(ctx)
		})
	cmd.Flags().DurationVar(&wait, "wait", 5*time.Minute, a.say("cli_flag_wait", nil))
	return cmd
}

func (a *app) runLogin(ctx context.Context) error {
	address, caFile := a.loginTarget()
	if address == "" {
		return fail(Usage, "cli_login_which_desk", nil)
	}
	d, err := a.newDesk(address, caFile)
	if err != nil {
		return err
	}
	how, err := d.Login(ctx)
	if err != nil {
		return err
	}
	idToken, err := a.authenticate(ctx, d, loopback.Request{Issuer: how.Issuer, ClientID: how.ClientID, Nonce: how.Nonce})
	if err != nil {
		return err
	}
	opened, err := d.StartSession(ctx, deskapi.SessionRequest{IDToken: idToken, Nonce: how.Nonce})
	if err != nil {
		return err
	}
	s := &session{
		Desk: address, CA: absolute(caFile), Agency: how.Agency, Officer: opened.Officer,
		Roles: opened.Roles, Token: opened.Token, Expires: opened.Expires, Vault: how.Vault.Address,
	}
	if last := a.lastSession(); last != nil && last.Desk == address && last.Agency == how.Agency && last.Vault != "" {
		s.Vault = last.Vault
	}
	if err := a.saveSession(s); err != nil {
		return err
	}
	a.tell("cli_login_done", message.Params{
		"Agency": s.Agency, "Officer": s.Officer, "Until": s.Expires.UTC().Format(time.RFC3339), "Context": a.contextName(),
	})
	return nil
}

// loginTarget is the desk that is named, or the one of the context's last login.
func (a *app) loginTarget() (address, caFile string) {
	address, caFile = strings.TrimSuffix(a.desk, "/"), a.ca
	if address == "" {
		if last := a.lastSession(); last != nil {
			address = last.Desk
			if caFile == "" {
				caFile = last.CA
			}
		}
	}
	return address, caFile
}

// authenticate shows the provider's page to the person and returns the id_token.
func (a *app) authenticate(ctx context.Context, d *desk, r loopback.Request) (string, error) {
	r.Client, r.Now = d.http, a.env.Now
	r.Visit = a.visit
	r.Page = func(ok bool) string {
		code := "cli_login_page_failed"
		if ok {
			code = "cli_login_page_done"
		}
		return "<!doctype html><meta charset=utf-8><title>Concordat</title><p>" + html.EscapeString(a.say(code, nil)) + "</p>\n"
	}
	token, err := loopback.Login(ctx, r)
	switch {
	case err == nil:
		return token, nil
	case errors.Is(err, loopback.ErrProvider):
		return "", failBecause(err, Unavailable, "cli_provider_unavailable", message.Params{"Issuer": r.Issuer})
	case errors.Is(err, loopback.ErrRefused):
		return "", failBecause(err, NotLoggedIn, "cli_provider_refused", message.Params{"Issuer": r.Issuer})
	case errors.Is(err, loopback.ErrToken), errors.Is(err, loopback.ErrStale):
		return "", failBecause(err, NotLoggedIn, "cli_provider_token_wrong", message.Params{"Issuer": r.Issuer})
	case errors.Is(err, context.DeadlineExceeded):
		return "", failBecause(err, NotLoggedIn, "cli_login_not_finished", nil)
	}
	return "", err
}

// visit opens the address with $BROWSER, or shows it. A browser that fails ends
// the login where nobody is at a terminal to open the address instead.
func (a *app) visit(ctx context.Context, address string) error {
	words := strings.Fields(a.env.Getenv("BROWSER"))
	if len(words) == 0 {
		a.showAddress(address)
		return nil
	}
	placed := false
	for i, word := range words {
		if strings.Contains(word, "%s") {
			words[i], placed = strings.ReplaceAll(word, "%s", address), true
		}
	}
	if !placed {
		words = append(words, address)
	}
	// Not bound to ctx: a browser that was started here outlives the login.
	browser := exec.Command(words[0], words[1:]...)
	if terminal, ok := a.stderr.(*os.File); ok {
		browser.Stderr = terminal // its own complaints; through a pipe they would end with this program
	}
	err := browser.Run()
	if err == nil {
		return nil
	}
	if a.env.Interactive {
		a.showAddress(address)
		return nil //nolint:nilerr // the person opens the address instead
	}
	return failBecause(err, NotLoggedIn, "cli_browser_failed", message.Params{"Browser": words[0]})
}

// showAddress prints the address on a line of its own, whole, to be copied.
func (a *app) showAddress(address string) {
	a.tell("cli_login_visit", nil)
	fmt.Fprintln(a.env.Stderr, clean(address))
}

func (a *app) logout() *cobra.Command {
	return a.verb("logout", "cli_logout_short", "  concordat logout --context agencya", exactly(0), func(cmd *cobra.Command, _ []string) error {
		d, err := a.openDesk()
		if a.loggedOut(err) {
			return a.forgetSession()
		}
		if err != nil {
			return err
		}
		closing := d.EndSession(cmd.Context())
		// The token is forgotten here in any case: who logs out wants it gone.
		if err := a.forgetSession(); err != nil {
			return err
		}
		if closing != nil && !a.loggedOut(closing) {
			return closing
		}
		a.tell("cli_logout_done", message.Params{"Context": a.contextName()})
		return nil
	})
}

func (a *app) whoami() *cobra.Command {
	return a.verb("whoami", "cli_whoami_short", "  concordat whoami -o json", exactly(0), func(cmd *cobra.Command, _ []string) error {
		d, err := a.openDesk()
		if err != nil {
			return err
		}
		me, err := d.Me(cmd.Context())
		if err != nil {
			return err
		}
		return a.show(view{
			Data: me, Names: []string{"officer/" + me.Officer},
			Rows: [][]string{
				{a.say("cli_label_agency", nil), me.Agency},
				{a.say("cli_label_officer", nil), me.Officer},
				{a.say("cli_label_roles", nil), strings.Join(me.Roles, ", ")},
				{a.say("cli_label_desk", nil), d.base},
				{a.say("cli_label_until", nil), me.Expires.UTC().Format(time.RFC3339)},
			},
		})
	})
}
