package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"path/filepath"

	"github.com/concordat-hub/concordat/internal/hub"
	"github.com/concordat-hub/concordat/internal/message"
	"github.com/concordat-hub/concordat/internal/store/files"
	"github.com/concordat-hub/concordat/internal/store/sqlite"
)

// verify runs on a stopped hub's folder or a restored copy of it: the lock keeps
// it from a running one.
func verify(ctx context.Context, o options) error {
	database, err := sqlite.Open(ctx, o.state, sqlite.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = database.Close() }()
	blobs, err := files.Open(filepath.Join(o.state, "blobs"), files.Options{})
	if err != nil {
		return err
	}
	report, err := hub.Verify(ctx, o.id, database, blobs)
	if err != nil {
		return err
	}
	fmt.Println(message.Text("hub_verified", message.Params{
		"Entries": report.Entries, "Releases": report.Releases, "Allows": report.Allows, "Aborts": report.Aborts, "Checkpoint": report.Checkpoint,
		"Root": base64.StdEncoding.EncodeToString(report.Root[:]),
	}))
	return nil
}
