package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/concordat-hub/concordat/api/v1alpha1"
	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/cli/keyring"
	"github.com/concordat-hub/concordat/internal/fingerprint"
	"github.com/concordat-hub/concordat/internal/message"
)

func (a *app) agencyNoun() *cobra.Command {
	noun := a.noun("agency", "cli_agency_short", a.agencyList(), a.agencyShow(), a.agencyKeys(), a.agencyAdmit())
	noun.Aliases = []string{"agencies"}
	return noun
}

// agencyView is -o json of agency list and show.
type agencyView struct {
	Name        string          `json:"name"`
	LegalName   string          `json:"legalName,omitempty"`
	Custody     string          `json:"custody,omitempty"`
	Ready       string          `json:"ready,omitempty"`
	WhatNow     string          `json:"whatNow,omitempty"`
	DeskURL     string          `json:"deskURL,omitempty"`
	Enrolled    *int64          `json:"enrolledIndex,omitempty"`
	Thumbprints []fingerprinted `json:"keys"`
}

type fingerprinted struct {
	Purpose    string `json:"purpose"`
	Thumbprint string `json:"thumbprint"`
	Words      string `json:"words"`
}

func fingerprints(purpose string, thumbprint string) fingerprinted {
	return fingerprinted{purpose, thumbprint, fingerprint.Text(thumbprint)}
}

// knownAgencies asks the cluster where one is named, else the desk, which knows
// its own agency and the parties of its agreements.
func (a *app) knownAgencies(ctx context.Context, fromDesk bool) ([]agencyView, error) {
	if !fromDesk && a.kubeconfigured() {
		list, err := a.clusterAgencies(ctx)
		if err != nil {
			return nil, err
		}
		views := make([]agencyView, 0, len(list))
		for i := range list {
			views = append(views, viewOfObject(&list[i]))
		}
		return views, nil
	}
	ring, err := a.ringOfDesk(ctx)
	if err != nil {
		return nil, err
	}
	var views []agencyView
	for _, name := range sortedAgencies(ring) {
		agency := ring.Agencies[name]
		views = append(views, agencyView{Name: string(name), LegalName: agency.LegalName, Thumbprints: []fingerprinted{
			fingerprints(string(act.OfficerSign), string(agency.OfficerSign)), fingerprints(string(act.DeskSign), string(agency.DeskSign)),
		}})
	}
	return views, nil
}

func viewOfObject(object *v1alpha1.Agency) agencyView {
	v := agencyView{
		Name: object.Name, LegalName: object.Spec.LegalName, Custody: string(object.Status.Custody),
		DeskURL: object.Status.DeskURL, Enrolled: object.Status.EnrolledIndex, Thumbprints: []fingerprinted{},
	}
	if ready := meta.FindStatusCondition(object.Status.Conditions, "Ready"); ready != nil {
		v.Ready, v.WhatNow = string(ready.Status), ready.Message
	}
	for _, key := range object.Status.Keys {
		v.Thumbprints = append(v.Thumbprints, fingerprints(string(key.Purpose), key.Thumbprint))
	}
	return v
}

func (a *app) agencyList() *cobra.Command {
	var fromDesk bool
	cmd := a.verb("list [flags]", "cli_agency_list_short", "  concordat agency list\n  concordat agency list --from-desk -o yaml", exactly(0), func(cmd *cobra.Command, _ []string) error {
		all, err := a.knownAgencies(cmd.Context(), fromDesk)
		if err != nil {
			return err
		}
		v := view{Data: listOf(all), Header: []string{"cli_column_agency", "cli_column_legal_name", "cli_column_custody", "cli_column_ready", "cli_column_what_now"}}
		for _, one := range all {
			v.Names = append(v.Names, "agency/"+one.Name)
			v.Rows = append(v.Rows, []string{one.Name, one.LegalName, one.Custody, one.Ready, one.WhatNow})
		}
		return a.show(v)
	})
	cmd.Flags().BoolVar(&fromDesk, "from-desk", false, a.say("cli_flag_from_desk", nil))
	return cmd
}

func (a *app) agencyShow() *cobra.Command {
	var fromDesk bool
	cmd := a.verb("show AGENCY [flags]", "cli_agency_show_short", "  concordat agency show agencyb", exactly(1), func(cmd *cobra.Command, args []string) error {
		all, err := a.knownAgencies(cmd.Context(), fromDesk)
		if err != nil {
			return err
		}
		for _, one := range all {
			if one.Name == bare(args[0]) {
				return a.showAgency(one)
			}
		}
		return fail(NotFound, "cli_agency_not_found", message.Params{"Name": args[0]})
	})
	cmd.Flags().BoolVar(&fromDesk, "from-desk", false, a.say("cli_flag_from_desk", nil))
	return cmd
}

func (a *app) showAgency(one agencyView) error {
	v := view{Data: one, Names: []string{"agency/" + one.Name}}
	row := func(code, value string) {
		if value != "" {
			v.Rows = append(v.Rows, []string{a.say(code, nil), value})
		}
	}
	row("cli_label_agency", one.Name)
	row("cli_column_legal_name", one.LegalName)
	row("cli_column_custody", one.Custody)
	row("cli_column_ready", strings.TrimSpace(one.Ready+"  "+one.WhatNow))
	row("cli_label_desk", one.DeskURL)
	if one.Enrolled != nil {
		row("cli_text_entry_index", fmt.Sprint(*one.Enrolled))
	}
	for _, key := range one.Thumbprints {
		v.Rows = append(v.Rows, []string{key.Purpose, key.Words}, []string{"", key.Thumbprint})
	}
	return a.show(v)
}

// agencyKeys writes the file that agreement document and receipt verify read.
func (a *app) agencyKeys() *cobra.Command {
	var keys ringFlags
	var out string
	cmd := a.verb("keys [flags]", "cli_agency_keys_short",
		"  concordat agency keys --parties-from-desk --out keys.yaml\n  concordat agency keys --parties-from-cluster --hub https://hub.example --out keys.yaml",
		exactly(0), func(cmd *cobra.Command, _ []string) error {
			if !keys.fromCluster && !keys.fromDesk && keys.keys == "" {
				keys.fromDesk = true
			}
			ring, err := a.ring(cmd.Context(), keys)
			if err != nil {
				return err
			}
			raw, err := ring.Marshal()
			if err != nil {
				return err
			}
			return a.emit(out, raw)
		})
	keys.register(a, cmd)
	cmd.Flags().StringVar(&out, "out", "", a.say("cli_flag_out", nil))
	return cmd
}

func sortedAgencies(ring *keyring.Ring) []act.AgencyName {
	return slices.Sorted(maps.Keys(ring.Agencies))
}
