package render

import "github.com/concordat-hub/concordat/internal/agreement"

func (p *page) entry() {
	p.heading("entry")
	entry := p.d.EntryIntoForce
	p.sentence("entry_"+entry.Rule, params{"Count": entry.Count})
	if !entry.NotBefore.IsZero() {
		p.sentence("entry_not_before", params{"Moment": entry.NotBefore.String()})
	}
	if !p.d.SignBy.IsZero() {
		p.sentence("entry_sign_by", params{"Moment": p.d.SignBy.String()})
	}
}

func (p *page) duration() {
	p.heading("duration")
	p.sentence("duration_ends", params{"Moment": p.d.Expires.String()})
	if r := p.d.Renewal; r != nil {
		p.sentence("renewal_"+r.Mode, params{"Days": r.Days, "Times": r.Times})
	}
	if r := p.d.Review; r != nil {
		p.sentence("review_"+r.OnOverdue, params{"Days": r.IntervalDays})
		if r.First.IsZero() {
			p.sentence("review_counted", nil)
		} else {
			p.sentence("review_first", params{"Moment": r.First.String()})
		}
	}
}

func (p *page) amendment() {
	p.heading("amendment")
	if a := p.d.Amendment; a != nil && !a.BindsOnlyConsenting {
		p.unsaid = true // there is no other rule
	}
	p.sentence("amendment_binds", nil)
}

func (p *page) suspension() {
	p.heading("suspension")
	p.sentence("suspension_whole", nil)
	s := p.d.Suspension
	if s == nil {
		s = &agreement.Suspension{Parties: "itself", Reading: "stop"} // what a document of the first schema means
	}
	p.sentence("suspension_"+s.Parties, params{"Grounds": list(s.Grounds)})
	if s.NoticeDays > 0 {
		p.sentence("suspension_notice", params{"Days": s.NoticeDays})
	} else {
		p.sentence("suspension_at_once", nil)
	}
	if len(s.Urgent) > 0 {
		p.sentence("suspension_urgent", params{"Grounds": list(s.Urgent)})
	}
	if s.MaxDays > 0 {
		p.sentence("suspension_limit", params{"Days": s.MaxDays})
	} else {
		p.sentence("suspension_until_lifted", nil)
	}
	p.sentence("suspension_"+s.Reading, nil)
}

func (p *page) termination() {
	p.heading("termination")
	t := p.d.Termination
	if t.NoticeDays > 0 {
		p.sentence("termination_notice", params{"Days": t.NoticeDays})
	} else {
		p.sentence("termination_at_once", nil)
	}
	p.sentence("termination_"+t.Effect, nil)
	if len(t.Survival) > 0 {
		p.sentence("termination_survival", params{"Clauses": list(t.Survival)})
	}
}

func (p *page) nature() {
	p.heading("nature")
	p.sentence("binding_"+p.d.Binding, nil)
	if p.d.Publication != "" {
		p.sentence("publication_"+p.d.Publication, nil)
	}
	if in := p.d.Instrument; in != nil {
		p.sentence("instrument_signed", params{
			"Place": in.Place, "Date": in.Date, "Digest": verbatim(in.Digest), "Media": in.MediaType, "Depositary": in.Depositary,
		})
	}
}

func (p *page) hub() {
	p.heading("hub")
	hub := p.d.Hub
	p.sentence("hub_keys", params{"Hub": verbatim(hub.ID), "LogKey": verbatim(hub.LogKey), "Registrar": verbatim(hub.Registrar)})
	p.sentence(either(p.d.Schema == agreement.SchemaV2, "hub_signed", "hub_unsigned"), params{"Schema": p.d.Schema})
}
