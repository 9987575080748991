package cli

import (
	"runtime"

	"github.com/spf13/cobra"

	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/tlog"
	"github.com/concordat-hub/concordat/internal/version"
)

// versionView is the answer of version; the formats tell what this program can
// read and will sign.
type versionView struct {
	Version   string `json:"version"`
	Go        string `json:"go"`
	Platform  string `json:"platform"`
	Agreement string `json:"agreementSchema"`
	Receipt   string `json:"receiptFormat"`
}

func (a *app) version() *cobra.Command {
	return a.verb("version", "cli_version_short", "  concordat version -o json", exactly(0), func(*cobra.Command, []string) error {
		v := versionView{version.Version, runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH, agreement.Schema, tlog.ReceiptFormat}
		return a.show(view{
			Data: v, Names: []string{"version/" + v.Version},
			Rows: [][]string{{"concordat", v.Version}, {"go", v.Go}, {"platform", v.Platform}, {"agreement schema", v.Agreement}, {"receipt format", v.Receipt}},
		})
	})
}
