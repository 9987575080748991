package cli

import (
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/concordat-hub/concordat/internal/message"
)

// root wires the whole command tree.
func (a *app) root() *cobra.Command {
	root := a.noun("concordat", "cli_root_short",
		a.login(), a.logout(), a.whoami(),
		a.agreementNoun(), a.bulletinNoun(), a.consentNoun(), a.duties(), a.holdNoun(), a.noticeNoun(), a.outboxNoun(), a.receiptNoun(), a.agencyNoun(), a.officerNoun(), a.vaultNoun(), a.version())
	if strings.HasPrefix(filepath.Base(a.env.Name), "kubectl-") {
		// kubectl runs a plugin named kubectl-concordat for "kubectl concordat".
		root.Annotations = map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl concordat"}
	}
	root.Long = a.say("cli_root_long", nil)
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return failBecause(err, Usage, "cli_usage_flag", message.Params{"Detail": err.Error(), "Help": cmd.CommandPath() + " --help"})
	})
	flags := root.PersistentFlags()
	flags.StringVar(&a.desk, "desk", a.env.Getenv("CONCORDAT_DESK"), a.say("cli_flag_desk", nil))
	flags.StringVar(&a.ca, "ca", a.env.Getenv("CONCORDAT_CA"), a.say("cli_flag_ca", nil))
	flags.StringVar(&a.context, "context", a.env.Getenv("CONCORDAT_CONTEXT"), a.say("cli_flag_context", nil))
	flags.StringVarP(&a.output, "output", "o", "table", a.say("cli_flag_output", nil))
	flags.BoolVar(&a.noHeaders, "no-headers", false, a.say("cli_flag_no_headers", nil))
	flags.StringVar(&a.langFlag, "lang", "", a.say("cli_flag_lang", nil))
	flags.StringVar(&a.kubeconfig, "kubeconfig", "", a.say("cli_flag_kubeconfig", nil))
	flags.StringVar(&a.kubeContext, "kube-context", "", a.say("cli_flag_kube_context", nil))
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		switch a.output {
		case "table", "json", "yaml", "name":
			return nil
		}
		return fail(Usage, "cli_usage_output", message.Params{"Given": a.output})
	}
	_ = root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"table", "json", "yaml", "name"}, cobra.ShellCompDirectiveNoFileComp))
	_ = root.RegisterFlagCompletionFunc("lang", cobra.FixedCompletions(message.Languages(), cobra.ShellCompDirectiveNoFileComp))
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, own := range root.Commands() {
		switch own.Name() {
		case "help", "completion":
			own.Short = a.say("cli_"+own.Name()+"_short", nil)
		}
	}
	root.SetUsageTemplate(a.usageTemplate())
	return root
}

// noun is a command that only holds verbs.
func (a *app) noun(use, short string, verbs ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: a.say(short, nil),
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fail(Usage, "cli_usage_command", message.Params{"Given": args[0], "Help": cmd.CommandPath() + " --help"})
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(verbs...)
	return cmd
}

// verb is a command that does something.
func (a *app) verb(use, short, example string, args cobra.PositionalArgs, run func(*cobra.Command, []string) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: a.say(short, nil), Example: example, Args: args, DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			a.running = true
			return run(cmd, args)
		},
	}
}

// usageTemplate is cobra's, with headings from the catalogue.
func (a *app) usageTemplate() string {
	heading := func(code string) string { return a.say(code, nil) }
	return heading("cli_help_usage") + `{{if .Runnable}}
  {{.UseLine}}{{end}}{{if .HasAvailableSubCommands}}
  {{.CommandPath}} [command]{{end}}{{if .HasExample}}

` + heading("cli_help_examples") + `
{{.Example}}{{end}}{{if .HasAvailableSubCommands}}

` + heading("cli_help_commands") + `{{range .Commands}}{{if (or .IsAvailableCommand (eq .Name "help"))}}
  {{rpad .Name .NamePadding }} {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

` + heading("cli_help_flags") + `
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableInheritedFlags}}

` + heading("cli_help_global_flags") + `
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}
`
}
