package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/concordat-hub/concordat/api/v1alpha1"
	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/client/hubclient"
	"github.com/concordat-hub/concordat/internal/message"
)

// The ServiceAccount in whose name the registrar's requests are made, and the
// audience that the hub expects. Who may create tokens for it, may admit.
const (
	systemNamespace  = "concordat-system"
	operatorAccount  = "concordat-operator"
	hubTokenAudience = "concordat-hub"
)

// codeView is -o json of agency admit.
type codeView struct {
	Agency  string    `json:"agency"`
	Code    string    `json:"code"`
	Expires time.Time `json:"expires"`
}

// agencyAdmit gets the one-time code with which a desk at an agency's own site
// enrols. The operator has asked the hub to admit the name already.
func (a *app) agencyAdmit() *cobra.Command {
	var hub string
	cmd := a.verb("admit AGENCY [flags]", "cli_agency_admit_short", "  concordat agency admit agencye --hub https://hub.example > enrolment-code", exactly(1), func(cmd *cobra.Command, args []string) error {
		if hub == "" {
			return fail(Usage, "cli_which_hub", nil)
		}
		ctx := cmd.Context()
		var object v1alpha1.Agency
		if err := a.fetch(ctx, agencies, args[0], &object); err != nil {
			return err
		}
		if object.Spec.Desk.Mode != v1alpha1.DeskExternal {
			return fail(Refused, "cli_agency_is_managed", message.Params{"Name": args[0]})
		}
		code, err := a.enrolmentCode(ctx, hub, act.AgencyName(args[0]))
		if err != nil {
			return err
		}
		if a.output != "table" {
			return a.show(view{Data: codeView{args[0], code.Code, code.Expires.Time}, Names: []string{"agency/" + args[0]}})
		}
		a.tell("cli_code_made", message.Params{"Name": args[0], "Until": code.Expires.String()})
		_, err = fmt.Fprintln(a.env.Stdout, code.Code)
		return err
	})
	cmd.Flags().StringVar(&hub, "hub", a.env.Getenv("CONCORDAT_HUB"), a.say("cli_flag_hub", nil))
	return cmd
}

func (a *app) enrolmentCode(ctx context.Context, hub string, name act.AgencyName) (hubclient.Code, error) {
	client, err := hubclient.New(hubclient.Config{URL: hub, CAFile: a.trust(), Bearer: a.operatorToken})
	if err != nil {
		return hubclient.Code{}, failBecause(err, Usage, "cli_hub_unusable", message.Params{"Detail": err.Error()})
	}
	defer client.Close()
	code, err := client.NewCode(ctx, name)
	var told *hubclient.Error
	var ours *failure
	switch {
	case errors.As(err, &ours): // of operatorToken
		return code, ours
	case errors.As(err, &told) && told.Status == http.StatusNotFound:
		return code, failBecause(err, NotFound, "cli_agency_not_admitted", message.Params{"Name": string(name)})
	case err != nil:
		return code, hubFailure(err, hub)
	}
	return code, nil
}

// operatorToken asks kube-apiserver for a token of ten minutes (TokenRequest).
func (a *app) operatorToken(ctx context.Context) (string, error) {
	client, err := a.cluster()
	if err != nil {
		return "", err
	}
	request := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "metadata": map[string]any{"name": operatorAccount},
		"spec": map[string]any{"audiences": []any{hubTokenAudience}, "expirationSeconds": int64(600)},
	}}
	accounts := schema.GroupVersionResource{Version: "v1", Resource: "serviceaccounts"}
	answer, err := client.Resource(accounts).Namespace(systemNamespace).Create(ctx, request, metav1.CreateOptions{}, "token")
	if err != nil {
		return "", clusterFailure(err, operatorAccount)
	}
	token, _, err := unstructured.NestedString(answer.Object, "status", "token")
	return token, err
}
