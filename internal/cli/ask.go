package cli

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/concordat-hub/concordat/internal/message"
)

// ask puts one question and returns the answer without its newline. Without a
// terminal it asks nothing and fails: instead names what to give on the command
// line.
func (a *app) ask(question string, params message.Params, instead string) (string, error) {
	if !a.env.Interactive {
		return "", fail(Usage, "cli_no_terminal", message.Params{"Instead": instead})
	}
	fmt.Fprint(a.env.Stderr, cleanText(a.say(question, params))+" ")
	line, err := a.stdin().ReadString('\n')
	if err != nil && line == "" {
		if err == io.EOF {
			return "", fail(Usage, "cli_no_answer", nil)
		}
		return "", err
	}
	return strings.TrimSpace(line), nil
}

// agreed asks a question to which only the whole word yes is a yes.
func (a *app) agreed(question string, params message.Params, instead string) error {
	answer, err := a.ask(question, params, instead)
	if err != nil {
		return err
	}
	for _, yes := range strings.Fields(a.say("cli_yes", nil)) {
		if strings.EqualFold(answer, yes) {
			return nil
		}
	}
	return fail(Failed, "cli_not_agreed", nil)
}

// stdin is read through one buffer: a second one would lose lines.
func (a *app) stdin() *bufio.Reader {
	if a.lines == nil {
		a.lines = bufio.NewReader(a.env.Stdin)
	}
	return a.lines
}
