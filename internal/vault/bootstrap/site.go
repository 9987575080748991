package bootstrap

import "github.com/concordat-hub/concordat/internal/act"

// SitePeriod is how many seconds a site's token lives after each renewal.
const SitePeriod = 24 * 60 * 60

// SiteRole is the token role, and the policy of the same name, of a desk that an agency runs at its
// own site with its keys in the shared Vault.
func SiteRole(slug string) string { return "concordat-site-" + slug }

// SitePlan is the plan that `concordat vault enrol --site` prints for one agency: the rights of a
// managed desk on this agency's mount, and a role from which whoever keeps Vault makes the site's
// token. No cluster vouches for a site, so it has no login that a template could serve.
func SitePlan(agency string) (Plan, error) {
	if err := act.CheckAgencyName(act.AgencyName(agency)); err != nil {
		return Plan{}, err
	}
	return number(about(agency, siteSteps(agency)), nil), nil
}

// siteSteps make a role whose tokens have exactly its policy, whatever is asked for with them, and
// are orphans: they outlive the session of whoever made them. They end a period after the desk has
// stopped to renew them, and at once by their accessor; a batch token could not be ended.
func siteSteps(slug string) []Step {
	name := SiteRole(slug)
	return []Step{
		policy(name, "site", "vault_step_policy_site", slug),
		set("auth/token/roles/"+name, "vault_step_site_role", map[string]any{
			"allowed_policies": []any{name}, "allowed_policies_glob": []any{},
			"disallowed_policies": []any{"default", "root"}, "disallowed_policies_glob": []any{},
			"allowed_entity_aliases": []any{}, "path_suffix": "",
			"orphan": true, "renewable": true, "token_type": "service", "token_no_default_policy": true,
			"token_period": SitePeriod, "token_explicit_max_ttl": 0, "token_num_uses": 0,
		}),
	}
}
