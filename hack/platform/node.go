package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/concordat-hub/concordat/hack/platform/node"
)

const nodeName = "local"

// runNode is the process that stands in for the kubelet, and that renews the
// tokens of hub and operator as a kubelet would.
func runNode(ctx context.Context, l layout) error {
	client, err := l.kubernetes()
	if err != nil {
		return err
	}
	ca, err := loadAuthority(l)
	if err != nil {
		return err
	}
	go l.refreshTokens(ctx, client)
	return node.Run(ctx, node.Config{
		Client: client, Name: nodeName,
		PodsDir: l.path("pods"), VolumesDir: l.path("volumes"), LogsDir: l.path("logs"),
		Programs: map[string]string{"concordat-desk": l.program("desk"), "concordat-hub": l.program("hub"), "concordat-operator": l.program("operator")},
		Serving:  ca.serving,
		Log:      slog.New(slog.NewJSONHandler(os.Stderr, nil)),
	})
}
