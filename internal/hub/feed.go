package hub

import (
	"context"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/store"
)

// MaxFeedWait bounds a long poll.
const MaxFeedWait = 30 * time.Second

const (
	feedEntries = 200
	feedBytes   = 4 << 20
)

// FeedPage is a piece of an agency's feed. Next is the cursor after the last
// entry, Head the one after everything that there is now: a desk that stands at
// Head has seen all that concerns it.
type FeedPage struct {
	Entries []store.FeedEntry
	Next    uint64
	Head    uint64
}

// Feed returns what follows the cursor, waiting for something to come if there is
// nothing. A cursor stays good for ever: reading again gives the same entries.
func (s *Service) Feed(ctx context.Context, agency act.AgencyName, after uint64, wait time.Duration) (FeedPage, error) {
	timer := time.NewTimer(min(wait, MaxFeedWait))
	defer timer.Stop()
	for {
		changed := s.feeds.hear(agency)
		page, err := s.feedPage(ctx, agency, after)
		if err != nil || len(page.Entries) > 0 || wait <= 0 {
			return page, err
		}
		select {
		case <-changed:
		case <-timer.C:
			return page, nil
		case <-s.closing:
			return page, nil
		case <-ctx.Done():
			return page, ctx.Err()
		}
	}
}

func (s *Service) feedPage(ctx context.Context, agency act.AgencyName, after uint64) (FeedPage, error) {
	page := FeedPage{Next: after}
	err := s.Store.View(ctx, func(r store.Reader) error {
		var err error
		if page.Head, err = r.FeedHead(agency); err != nil {
			return err
		}
		if after > page.Head {
			return refuse(CodeMalformed, "the cursor is beyond the feed")
		}
		page.Entries, err = r.Feed(agency, after, feedEntries)
		return err
	})
	size := 0
	for n, entry := range page.Entries {
		if size += len(entry.Bytes); size > feedBytes && n > 0 {
			page.Entries = page.Entries[:n]
			break
		}
		page.Next = entry.Sequence
	}
	return page, err
}

// EndPolls lets every waiting Feed answer now: the hub is being stopped.
func (s *Service) EndPolls() { s.endPolls.Do(func() { close(s.closing) }) }
