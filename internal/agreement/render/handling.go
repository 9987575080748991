package render

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

func (p *page) onward() {
	if o := p.d.Onward; o != nil {
		p.heading("onward")
		p.sentence("onward_timeout", params{"Hours": o.ConsentTimeoutHours})
		p.sentence("onward_authority", params{"Office": o.ConsentAuthority})
	}
}

func (p *page) definitions() {
	d := p.d.Definitions
	if d.Community == "" && d.Clients == "" && len(d.Members) == 0 {
		return
	}
	p.heading("definitions")
	p.own("definitions_community", "/definitions/community", d.Community)
	if len(d.Members) > 0 {
		p.sentence("definitions_members", params{"Members": list(d.Members)})
	}
	p.own("definitions_clients", "/definitions/clients", d.Clients)
}

func (p *page) methods() {
	p.heading("methods")
	if p.d.EvaluationScheme != "" {
		p.sentence("evaluation", params{"Scheme": p.d.EvaluationScheme})
	}
	if v := p.d.Vocabulary; v != nil {
		p.sentence("vocabulary", params{"Name": v.Name, "Version": v.MinVersion})
	}
	p.sentence("languages", params{"Languages": list(p.d.Languages)})
	if len(p.d.WorkingLanguages) > 0 {
		p.sentence("languages_work", params{"Languages": list(p.d.WorkingLanguages)})
	}
}

func (p *page) security() {
	s := p.d.Security
	if s == nil {
		return
	}
	p.heading("security")
	p.own("security_authentication", "/security/authentication", s.Authentication)
	p.own("security_transport", "/security/transport", s.Transport)
	p.own("security_rest", "/security/atRest", s.AtRest)
	p.own("security_clearance", "/security/personnelClearance", s.Clearance)
	p.sentence("security_keys", params{"Days": s.KeyRotationDays})
}

func (p *page) audit() {
	a := p.d.Audit
	if a == nil {
		return
	}
	p.heading("audit")
	p.sentence("audit_events", params{"Events": list(a.Events), "Days": a.RetentionDays})
	p.sentence(either(a.AccessByParties, "audit_access", "audit_access_not"), nil)
	if a.IndependentAuditor != "" {
		p.sentence("audit_independent", params{"Auditor": a.IndependentAuditor})
	}
	p.sentence("audit_interval", params{"Days": a.IntervalDays})
}

func (p *page) data() {
	d := p.d.DataProtection
	if d == nil {
		return
	}
	p.heading("data")
	if d.NoPersonalData {
		p.sentence("data_none", nil)
	}
	p.own("data_roles", "/dataProtection/controllerRoles", d.ControllerRoles)
	p.own("data_transfer", "/dataProtection/transferGround", d.TransferGround)
	if d.DPIA != "" {
		p.sentence("data_dpia", params{"Digest": verbatim(d.DPIA)})
	}
	for _, authority := range d.SupervisoryAuthorities {
		p.bullet("data_authority", params{"Authority": authority})
	}
}

func (p *page) rights() {
	r := p.d.Rights
	if r == nil {
		return
	}
	p.heading("rights")
	promises := map[string]bool{
		"nonPunishment": r.NonPunishment, "nonDiscrimination": r.NonDiscrimination, "childRights": r.ChildRights,
		"genderReview": r.GenderReview, "nonRefoulement": r.NonRefoulement,
	}
	for _, right := range slices.Sorted(maps.Keys(promises)) {
		p.bullet("rights_"+right+either(promises[right], "", "_not"), nil)
	}
	p.sentence("rights_complaints", params{"Office": r.ComplaintsContact})
}

func (p *page) breach() {
	b := p.d.Breach
	if b == nil {
		return
	}
	p.heading("breach")
	p.own("breach_definition", "/breach/definition", b.Definition)
	p.sentence("breach_notice", params{"Hours": b.NotifyWithinHours, "To": list(b.To)})
	p.own("breach_measures", "/breach/measures", b.Measures)
	p.own("breach_remedy", "/breach/remedy", b.Remedy)
}

func (p *page) compelled() {
	c := p.d.Compelled
	if c == nil {
		return
	}
	p.heading("compelled")
	p.sentence("compelled_never", nil)
	p.sentence(either(c.AdvanceNotice, "compelled_advance", "compelled_after"), nil)
	p.sentence(either(c.Consult, "compelled_consult", "compelled_consult_not"), nil)
}

func (p *page) retention() {
	r, t := p.d.Retention, p.d.Duties
	if r == nil && t == nil {
		return
	}
	p.heading("retention")
	if r != nil {
		p.sentence("retention_days", params{"Days": r.MaxDays})
		p.own("retention_method", "/retention/disposalMethod", r.DisposalMethod)
		p.sentence(either(r.Attestation, "retention_attest", "retention_attest_not"), params{"Days": r.AttestWithinDays})
	}
	if t != nil {
		p.sentence("duties_acknowledge", params{"Days": t.AcknowledgeWithinDays})
		p.sentence(either(t.HoldNewReleases, "duties_hold", "duties_hold_not"), nil)
	}
}

func (p *page) costs() {
	d := p.d
	if d.Costs == "" && d.Liability == "" && len(d.Disputes) == 0 {
		return
	}
	p.heading("costs")
	p.own("costs_text", "/costs", d.Costs)
	p.own("liability_text", "/liability", d.Liability)
	if len(d.Disputes) == 0 {
		return
	}
	p.sentence("disputes_text", nil)
	p.out.WriteString("\n")
	for i, step := range d.Disputes {
		worded := d.Worded(p.lang, "/disputes/"+strconv.Itoa(i), step)
		p.out.WriteString(strconv.Itoa(i+1) + ". " + escapeLine(strings.Join(strings.Fields(worded), " ")) + "\n")
	}
}
