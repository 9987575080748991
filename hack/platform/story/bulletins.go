package story

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/concordat-hub/concordat/hack/platform/officer"
	"github.com/concordat-hub/concordat/internal/message"
)

// bulletin is one of B1 to B10 on its way.
type bulletin struct {
	number             int
	publisher, readers string
	agreement, tlp     string
	purpose            string
	draft, item        string
}

// plan says who shares which bulletin with whom. The labels are those of the
// files' own handling notes.
func plan() []*bulletin {
	return []*bulletin{
		{number: 1, publisher: a, readers: b, agreement: "AG-1", tlp: "TLP:AMBER", purpose: "detection"},
		{number: 2, publisher: a, readers: b + " " + c, agreement: "AG-2", tlp: "TLP:AMBER+STRICT", purpose: "training"},
		{number: 3, publisher: a, readers: b, agreement: "AG-1", tlp: "TLP:GREEN", purpose: "prevention"},
		{number: 4, publisher: a, readers: b, agreement: "AG-1", tlp: "TLP:AMBER", purpose: "detection"},
		{number: 5, publisher: a, readers: b, agreement: "AG-1", tlp: "TLP:GREEN", purpose: "training"},
		{number: 6, publisher: b, readers: a + " " + c, agreement: "AG-2", tlp: "TLP:AMBER+STRICT", purpose: "detection"},
		{number: 7, publisher: b, readers: a, agreement: "AG-1", tlp: "TLP:GREEN", purpose: "prevention"},
		{number: 8, publisher: b, readers: a, agreement: "AG-1", tlp: "TLP:AMBER", purpose: "detection"},
		{number: 9, publisher: b, readers: a, agreement: "AG-1", tlp: "TLP:AMBER", purpose: "training"},
		{number: 10, publisher: b, readers: a, agreement: "AG-1", tlp: "TLP:CLEAR", purpose: "training"},
	}
}

func (s *Story) file(number int) string {
	found, _ := filepath.Glob(filepath.Join(s.Samples, "bulletins", fmt.Sprintf("b%02d-*.yaml", number)))
	if len(found) != 1 {
		return fmt.Sprintf("b%02d", number)
	}
	return found[0]
}

func (s *Story) draft(ctx context.Context, author *officer.Officer, file string) (string, error) {
	var made struct {
		ID      string `json:"id"`
		Verdict string `json:"verdict"`
	}
	args := []string{"bulletin", "draft", file}
	s.show(author.Agency+"/"+author.Name+" ", "concordat", []string{"bulletin", "draft", filepath.Base(file)})
	if err := author.Must(ctx, &made, args...); err != nil {
		return "", err
	}
	if made.Verdict != "release" {
		return "", fmt.Errorf("the guard's verdict on %s is %s", filepath.Base(file), made.Verdict)
	}
	return made.ID, nil
}

// prepare drafts and approves one of the ten bulletins once.
func (s *Story) prepare(ctx context.Context, number int) (*bulletin, error) {
	one := s.bulletins[number-1]
	return one, s.approved(ctx, one)
}

// approved drafts a bulletin and lets a second officer approve it, once.
func (s *Story) approved(ctx context.Context, one *bulletin) error {
	if one.draft != "" {
		return nil
	}
	draft, err := s.draft(ctx, s.As(one.publisher, "analyst-1"), s.file(one.number))
	if err != nil {
		return err
	}
	if _, err := s.does(ctx, s.As(one.publisher, "analyst-2"), "bulletin", "approve", draft, "--yes", "-o", "name"); err != nil {
		return err
	}
	one.draft = draft
	return nil
}

func (s *Story) exchange(ctx context.Context) error {
	s.say("demo_bulletins", nil)
	for number := 1; number <= 10; number++ {
		one, err := s.prepare(ctx, number)
		if err != nil {
			return err
		}
		if number == 1 {
			s.say("demo_dry_run", nil)
			if _, err := s.does(ctx, s.As(a, "releaser-1"), "bulletin", "release", one.draft, "--agreement", one.agreement, "--tlp", one.tlp, "--dry-run"); err != nil {
				return err
			}
		}
		if one.item != "" {
			continue // the scene of the accession has released it
		}
		if err := s.release(ctx, one); err != nil {
			return err
		}
	}
	s.say("demo_open", nil)
	for _, one := range s.bulletins {
		for _, reader := range strings.Fields(one.readers) {
			if err := s.read(ctx, one, reader); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Story) release(ctx context.Context, one *bulletin) error {
	var released struct {
		Item  string `json:"item"`
		Index int    `json:"index"`
	}
	releaser := s.As(one.publisher, "releaser-1")
	args := []string{"bulletin", "release", one.draft, "--agreement", one.agreement, "--tlp", one.tlp, "--yes"}
	s.show(releaser.Agency+"/"+releaser.Name+" ", "concordat", args)
	if err := releaser.Must(ctx, &released, args...); err != nil {
		return err
	}
	one.item = released.Item
	s.output(s.text("demo_released", message.Params{"Item": released.Item, "Entry": released.Index}))
	return nil
}

// conditions waits until the item has reached a reader's desk, and returns the
// digest of the restrictions that its officer is asked to accept.
func (s *Story) arrives(ctx context.Context, one *bulletin, reader *officer.Officer) error {
	return eventually(ctx, fmt.Sprintf("B%d at %s", one.number, reader.Agency), func() (bool, error) {
		result, err := reader.Do(ctx, "bulletin", "show", one.item, "-o", "json")
		return result.Code == 0, err
	})
}

// accepted is the digest of the conditions, which the reader has read.
func (s *Story) read(ctx context.Context, one *bulletin, agency string) error {
	reader := s.As(agency, "analyst-1")
	if err := s.arrives(ctx, one, reader); err != nil {
		return err
	}
	result, err := s.open(ctx, one, reader)
	if err == nil && result.Code != 0 {
		err = fmt.Errorf("bulletin B%d was not opened at %s: %s", one.number, agency, result.Stderr)
	}
	if err != nil {
		return err
	}
	if one.number == 1 {
		s.output(result.Stderr)
		s.output(result.Stdout)
	}
	sentence, err := s.sentence(one.number)
	if err != nil {
		return err
	}
	if !strings.Contains(strings.Join(strings.Fields(result.Stdout), " "), sentence) {
		return fmt.Errorf("what %s read of B%d is not what was written", agency, one.number)
	}
	return nil
}

func (s *Story) open(ctx context.Context, one *bulletin, reader *officer.Officer) (officer.Result, error) {
	args := []string{"bulletin", "open", one.item, "--purpose", one.purpose, "--justification", "demonstration", "--accept", "yes"}
	s.show(reader.Agency+"/"+reader.Name+" ", "concordat", args)
	return reader.Do(ctx, append(args, "--lang", "en")...)
}

// sentence returns words of a bulletin's English summary: what a reader must see,
// and what nobody else may hold.
func (s *Story) sentence(number int) (string, error) {
	raw, err := os.ReadFile(s.file(number))
	if err != nil {
		return "", err
	}
	var source any
	if err := yaml.Unmarshal(raw, &source); err != nil {
		return "", err
	}
	longest := ""
	walk(source, func(text string) {
		if len(text) > len(longest) && strings.Contains(text, " the ") {
			longest = text
		}
	})
	words := strings.Fields(longest)
	if len(words) < 8 {
		return "", fmt.Errorf("bulletin B%d has no sentence to look for", number)
	}
	return strings.Join(words[:8], " "), nil
}

func walk(node any, visit func(string)) {
	switch v := node.(type) {
	case string:
		visit(v)
	case []any:
		for _, one := range v {
			walk(one, visit)
		}
	case map[string]any:
		for _, one := range v {
			walk(one, visit)
		}
	}
}

func (s *Story) outsider(ctx context.Context) error {
	s.say("demo_outsider", nil)
	outsider := s.As(d, "analyst-1")
	if _, err := s.does(ctx, outsider, "bulletin", "inbox"); err != nil {
		return err
	}
	var items []any
	if err := outsider.Must(ctx, &items, "bulletin", "inbox"); err != nil {
		return err
	}
	if len(items) != 0 {
		return fmt.Errorf("the outsider's inbox holds %d items", len(items))
	}
	s.say("demo_outsider_guess", nil)
	if err := s.refused(ctx, exitNotFound, outsider, "bulletin", "open", s.bulletins[0].item, "--purpose", "training", "--justification", "demonstration", "--accept", "yes"); err != nil {
		return err
	}
	return s.refused(ctx, exitNotFound, outsider, "bulletin", "open", "itm-aaaaaaaaaaaaaaaaaaaaaaaaaa", "--purpose", "training", "--justification", "demonstration", "--accept", "yes")
}

func (s *Story) suspension(ctx context.Context) error {
	s.say("demo_suspension", nil)
	suspension := filepath.Join(s.scratch, "suspension.jws")
	if _, err := s.does(ctx, s.As(a, "signatory-1"), "agreement", "suspend", "AG-1", "--reason", "review", "--yes", "--save", suspension); err != nil {
		return err
	}
	if err := s.notOpened(ctx, s.bulletins[3]); err != nil {
		return err
	}
	s.say("demo_resumption", nil)
	if _, err := s.does(ctx, s.As(a, "signatory-1"), "agreement", "resume", "AG-1", "--yes"); err != nil {
		return err
	}
	if err := s.readingGoesOn(ctx); err != nil {
		return err
	}
	return s.replayed(ctx, suspension)
}

func (s *Story) readingGoesOn(ctx context.Context) error {
	return eventually(ctx, "reading to go on", func() (bool, error) {
		result, err := s.As(b, "analyst-1").Do(ctx, "bulletin", "open", s.bulletins[3].item, "--purpose", "detection", "--justification", "demonstration", "--accept", "yes")
		return result.Code == 0, err
	})
}

// replayed sends the old suspension again: through the desk of its own agency,
// where it changes nothing, and through another's, where it is refused.
func (s *Story) replayed(ctx context.Context, suspension string) error {
	s.say("demo_replay", nil)
	if _, err := s.does(ctx, s.As(a, "signatory-1"), "agreement", "submit", suspension); err != nil {
		return err
	}
	if err := s.refused(ctx, exitRefused, s.As(b, "signatory-1"), "agreement", "submit", suspension); err != nil {
		return err
	}
	return s.readingGoesOn(ctx)
}

// notOpened shows that a bulletin which was opened before is not opened now.
func (s *Story) notOpened(ctx context.Context, one *bulletin) error {
	reader := s.As(strings.Fields(one.readers)[0], "analyst-1")
	result, err := s.open(ctx, one, reader)
	if err != nil {
		return err
	}
	s.output(lastLine(result.Stderr))
	if result.Code != exitRefused {
		return fmt.Errorf("opening B%d: exit code %d, wanted a refusal: %s%s", one.number, result.Code, result.Stdout, result.Stderr)
	}
	return nil
}

func (s *Story) retraction(ctx context.Context) error {
	s.say("demo_retraction", nil)
	one := s.bulletins[4]
	if _, err := s.does(ctx, s.As(a, "releaser-1"), "bulletin", "retract", one.item, "--reason", "correction", "--yes"); err != nil {
		return err
	}
	return s.notOpened(ctx, one)
}

// hubCannotRead searches everything that the hub keeps for what the bulletins say.
func (s *Story) hubCannotRead(ctx context.Context) error {
	s.say("demo_hub", nil)
	var sentences []string
	for number := 1; number <= 10; number++ {
		if s.bulletins[number-1].item == "" {
			return fmt.Errorf("bulletin B%d was never released: there is nothing to look for", number)
		}
		sentence, err := s.sentence(number)
		if err != nil {
			return err
		}
		sentences = append(sentences, sentence)
	}
	files, size := 0, int64(0)
	for _, folder := range s.Private {
		err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			raw, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			files, size = files+1, size+int64(len(raw))
			for i, sentence := range sentences {
				if bytes.Contains(raw, []byte(sentence)) {
					return fmt.Errorf("%s holds a sentence of B%d", filepath.Base(path), i+1)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if files == 0 || size == 0 {
		return fmt.Errorf("the hub keeps nothing at all: there was nothing to search")
	}
	s.say("demo_hub_searched", message.Params{"Files": files, "KiB": size / 1024, "Sentences": len(sentences)})
	return ctx.Err()
}
