package agreement

import (
	"slices"
)

// checkHandling: how what is received is treated.
func (d *Document) checkHandling() error {
	o, v, r, t := d.Onward, d.Vocabulary, d.Retention, d.Duties
	attest := func() error {
		if !r.Attestation {
			return between("/retention/attestWithinDays", r.AttestWithinDays, 0, 0)
		}
		return between("/retention/attestWithinDays", r.AttestWithinDays, 1, 365)
	}
	return each(
		func() error {
			return between("/onwardDisclosure/consentTimeoutHours", o.ConsentTimeoutHours, 1, 24*365)
		},
		func() error { return sized("/onwardDisclosure/consentAuthority", o.ConsentAuthority, maxName) },
		func() error { return terms("/evaluationScheme", []string{d.EvaluationScheme}, 1) },
		func() error { return sized("/vocabulary/name", v.Name, maxName) },
		func() error {
			if !versionForm.MatchString(v.MinVersion) {
				return wrong("number_out_of_range", "/vocabulary/minVersion")
			}
			return nil
		},
		func() error {
			if len(d.WorkingLanguages) == 0 {
				return wrong("language_missing", "/workingLanguages")
			}
			return languages("/workingLanguages", d.WorkingLanguages)
		},
		func() error { return between("/retention/maxDays", r.MaxDays, 1, 36500) },
		func() error { return sized("/retention/disposalMethod", r.DisposalMethod, maxClause) },
		attest,
		func() error { return between("/duties/acknowledgeWithinDays", t.AcknowledgeWithinDays, 1, 365) },
	)
}

// checkSafeguards: what each party holds itself to, and whom others can turn to.
func (d *Document) checkSafeguards() error {
	s, p, b := d.Security, d.DataProtection, d.Breach
	constant := func() error {
		if !p.NoPersonalData {
			return wrong("clause_is_constant", "/dataProtection/noPersonalData")
		}
		if p.DPIA != "" && !digestForm.MatchString(p.DPIA) {
			return wrong("digest_malformed", "/dataProtection/dpia")
		}
		return nil
	}
	return each(
		func() error { return sized("/security/authentication", s.Authentication, maxClause) },
		func() error { return sized("/security/transport", s.Transport, maxClause) },
		func() error { return sized("/security/atRest", s.AtRest, maxClause) },
		func() error { return sized("/security/personnelClearance", s.Clearance, maxClause) },
		func() error { return between("/security/keyRotationDays", s.KeyRotationDays, 1, 3650) },
		constant,
		func() error { return sized("/dataProtection/controllerRoles", p.ControllerRoles, maxClause) },
		func() error { return sized("/dataProtection/transferGround", p.TransferGround, maxClause) },
		func() error { return words("/dataProtection/supervisoryAuthorities", p.SupervisoryAuthorities, 0, 64) },
		func() error { return sized("/rights/complaintsContact", d.Rights.ComplaintsContact, maxName) },
		func() error { return sized("/breach/definition", b.Definition, maxClause) },
		func() error { return between("/breach/notifyWithinHours", b.NotifyWithinHours, 1, 720) },
		func() error { return words("/breach/to", b.To, 1, 64) },
		func() error { return sized("/breach/measures", b.Measures, maxClause) },
		func() error { return sized("/breach/remedy", b.Remedy, maxClause) },
	)
}

// checkRecords: what is written down, what it costs, and how differences end.
func (d *Document) checkRecords() error {
	a := d.Audit
	return each(
		func() error { return terms("/audit/events", a.Events, 1) },
		func() error { return between("/audit/retentionDays", a.RetentionDays, 1, 36500) },
		func() error {
			if len(a.IndependentAuditor) > maxName {
				return wrong("text_missing_or_long", "/audit/independentAuditor")
			}
			return nil
		},
		func() error { return between("/audit/intervalDays", a.IntervalDays, 1, 3650) },
		func() error { return sized("/costs", d.Costs, maxClause) },
		func() error { return sized("/liability", d.Liability, maxClause) },
		func() error { return words("/disputes", d.Disputes, 1, 16) },
	)
}

// checkDuration: until when it can be signed, how it goes on, and how it changes.
func (d *Document) checkDuration() error {
	r := d.Renewal
	least, mostDays, mostTimes := 0, 0, 0
	if r.Mode == "automatic" {
		least, mostDays, mostTimes = 1, 3660, 20
	}
	return each(
		func() error {
			if !d.SignBy.IsZero() && !d.SignBy.Before(d.Expires.Time) {
				return wrong("window_ends_before_it_starts", "/signBy")
			}
			return nil
		},
		func() error { return oneOf(r.Mode, "/renewal/mode", "express", "automatic") },
		func() error { return between("/renewal/days", r.Days, least, mostDays) },
		func() error { return between("/renewal/times", r.Times, least, mostTimes) },
		func() error { return between("/review/intervalDays", d.Review.IntervalDays, 1, 3650) },
		func() error {
			if !d.Review.First.IsZero() && !d.Review.First.Before(d.Expires.Time) {
				return wrong("window_ends_before_it_starts", "/review/first")
			}
			return nil
		},
		func() error { return oneOf(d.Review.OnOverdue, "/review/onOverdue", "warn", "freeze-new", "suspend") },
		func() error {
			if !d.Amendment.BindsOnlyConsenting {
				return wrong("clause_is_constant", "/amendment/bindsOnlyConsenting")
			}
			return nil
		},
		d.checkSurvival,
	)
}

// survivors are the clauses that can bind after the end.
var survivors = []string{
	"audit", "breach", "compelledDisclosure", "dataProtection", "disputes", "duties", "excluded", "liability", "onwardDisclosure",
	"restrictionFloor", "retention", "rights", "security",
}

// checkSurvival keeps what no end can end: restrictions outlive the agreement
// under which they were accepted (as in Article 15(2) of the Optional Protocol on
// the sale of children: a denunciation releases nobody from earlier duties).
func (d *Document) checkSurvival() error {
	for i, clause := range d.Termination.Survival {
		if !slices.Contains(survivors, clause) {
			return wrong("term_unknown", "/termination/survival/%d", i)
		}
	}
	if !slices.IsSorted(d.Termination.Survival) || !distinct(d.Termination.Survival) || !slices.Contains(d.Termination.Survival, "restrictionFloor") {
		return wrong("list_malformed", "/termination/survival")
	}
	return nil
}

// checkSuspension: who may stop the use, why, and for how long.
func (d *Document) checkSuspension() error {
	s := d.Suspension
	return each(
		func() error { return oneOf(s.Parties, "/suspension/parties", "itself", "any-party") },
		func() error {
			if s.Parties == "itself" && len(s.Grounds) > 0 {
				return wrong("list_malformed", "/suspension/grounds")
			}
			return terms("/suspension/grounds", s.Grounds, 0)
		},
		func() error {
			if s.Parties == "any-party" && len(s.Grounds) == 0 {
				return wrong("clause_missing", "/suspension/grounds")
			}
			return nil
		},
		func() error { return between("/suspension/noticeDays", s.NoticeDays, 0, 365) },
		func() error { return terms("/suspension/urgentGrounds", s.Urgent, 0) },
		func() error { return between("/suspension/maxDays", s.MaxDays, 0, 3650) },
		func() error { return oneOf(s.Reading, "/suspension/readingOfOldReleases", "stop", "continue") },
	)
}
