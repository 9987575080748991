package desk

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGroupsBecomeRoles(t *testing.T) {
	tests := map[string]struct {
		roles  RoleMap
		groups []string
		want   []Role
	}{
		"by equal name":                        {nil, []string{"releaser", "analyst", "canteen"}, []Role{Analyst, Releaser}},
		"by the map":                           {RoleMap{"unit-7": {Analyst, Reader}}, []string{"unit-7"}, []Role{Reader, Analyst}},
		"a map leaves equal names without any": {RoleMap{"unit-7": {Analyst}}, []string{"releaser"}, nil},
		"an empty map gives nobody anything":   {RoleMap{}, []string{"releaser"}, nil},
		"no groups":                            {nil, nil, nil},
	}
	for name, test := range tests {
		if diff := cmp.Diff(test.want, test.roles.Of(test.groups)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// Who reads what agencies released is decided by these few roles; a change to the
// table is a change to the product's promise and belongs into a review.
func TestTheTableOfRights(t *testing.T) {
	may := func(right Right) []Role {
		var roles []Role
		for _, role := range Roles() {
			if (&Officer{Roles: []Role{role}}).need(right) == nil {
				roles = append(roles, role)
			}
		}
		return roles
	}
	for right, want := range map[Right][]Role{
		OpenItems:      {Reader, Analyst, Releaser, Trainer},
		WriteDrafts:    {Analyst, Trainer},
		ApproveDrafts:  {Releaser, Reviewer, ChildProtection},
		ReleaseDrafts:  {Releaser},
		RetractItems:   {Releaser},
		RelayActs:      {Signatory},
		ReadAccess:     {Auditor},
		ManageOfficers: {AgencyAdmin},
	} {
		if diff := cmp.Diff(want, may(right)); diff != "" {
			t.Errorf("%s: %s", right, diff)
		}
	}
	if (*Officer)(nil).need(ReadItems) == nil || (&Officer{}).need(ReadItems) == nil {
		t.Error("nobody may read")
	}
	if len(rights) != len(Roles()) || slices.Contains(rights[AgencyAdmin], ReadItems) {
		t.Error("the register and the table differ, or the agency-admin reads items")
	}
}
