package cli

import (
	"context"
	"errors"

	"github.com/concordat-hub/concordat/internal/message"
)

// Exit is what the program says to the shell.
type Exit int

// The exit codes. Scripts rely on them: they never change their meaning.
const (
	OK          Exit = 0
	Failed      Exit = 1 // it was tried and did not work, or a proof does not hold
	Usage       Exit = 2 // the command line or an input file cannot be understood
	Refused     Exit = 3 // understood, and not allowed
	NotFound    Exit = 4 // there is no such thing for this agency
	NotLoggedIn Exit = 5
	Unavailable Exit = 6 // desk, hub, Vault, cluster or identity provider does not answer
)

// failure is an error with a sentence for a person.
type failure struct {
	exit  Exit
	said  message.Message
	text  string // said by somebody else in the reader's language; wins over said
	cause error
}

func (f *failure) Error() string {
	if f.text != "" {
		return f.text
	}
	return message.Render("en", f.said)
}

func (f *failure) Unwrap() error { return f.cause }

func fail(exit Exit, code string, params message.Params) error {
	return &failure{exit: exit, said: message.New(code, params)}
}

func failBecause(cause error, exit Exit, code string, params message.Params) error {
	return &failure{exit: exit, said: message.New(code, params), cause: cause}
}

// exitOf returns the exit code of an error and the sentence to show.
func (a *app) exitOf(err error) (Exit, string) {
	var f *failure
	err = a.deskFailure(err)
	switch {
	case err == nil:
		return OK, ""
	case errors.As(err, &f) && f.text != "":
		return f.exit, f.text
	case errors.As(err, &f):
		return f.exit, a.say(f.said.Code, f.said.Params)
	case !a.running:
		return Usage, a.say("cli_usage_flag", message.Params{"Detail": err.Error(), "Help": "--help"})
	case errors.Is(err, context.Canceled):
		return Failed, a.say("cli_cancelled", nil)
	case errors.Is(err, context.DeadlineExceeded):
		return Unavailable, a.say("cli_took_too_long", nil)
	}
	return Failed, a.say("cli_unexpected", message.Params{"Detail": err.Error()})
}
