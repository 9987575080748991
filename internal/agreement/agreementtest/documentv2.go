package agreementtest

import (
	"strings"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// Floor returns a complete floor, as loose as TLP:AMBER+STRICT lets it be.
func Floor() restriction.Set {
	return restriction.Set{
		"tlp": {"TLP:AMBER+STRICT"}, "audience": {"agreement-parties"},
		"onwardScope": {"own-organisation"}, "onwardConsent": {"outside-own-organisation"},
		"judicialUse": {"allowed"}, "actionExposure": {"active"}, "attribution": {"may"}, "derivation": {"allowed"},
		"accessForm": {"download"}, "onTermination": {"retain-under-terms"}, "automatedProcessing": {"allowed"}, "notifications": {"may"},
	}
}

// DocumentV2 returns a valid agreement of schema v2 among the agencies: every
// clause is there, it is open to accession by unanimity, and it lasts until the
// year 2028.
func DocumentV2(agencies ...act.AgencyName) *agreement.Document {
	d := Document(agencies...)
	lease := 900
	d.Schema, d.Accession, d.Floor, d.OpenLease = agreement.SchemaV2, "open", Floor(), &lease
	d.Termination.Survival = []string{"restrictionFloor", "retention"}
	for i := range d.Parties {
		d.Parties[i] = PartyV2(d.Parties[i].Agency)
	}
	d.Clauses = agreement.Clauses{
		Preamble:         map[string]string{"en": "The parties wish to exchange methods, never people."},
		AccessionRule:    &agreement.AccessionRule{Rule: "unanimity"},
		ExcludedPurposes: []string{"research-statistics"},
		Categories:       []agreement.Category{{Kind: "bulletin"}},
		Reciprocity:      "reported",
		Onward:           &agreement.Onward{ConsentTimeoutHours: 72, ConsentAuthority: "Head of the originator's liaison office"},
		EvaluationScheme: "admiralty-4x4",
		Vocabulary:       &agreement.Vocabulary{Name: "concordat", MinVersion: "1.0.0"},
		WorkingLanguages: []string{"en"},
		Security: &agreement.Security{
			Authentication: "Two factors.", Transport: "TLS 1.3 with certificates on both sides.", AtRest: "Sealed to the receiving agency.",
			Clearance: "As the law of each party asks.", KeyRotationDays: 365,
		},
		Audit: &agreement.Audit{Events: []string{"open", "release"}, RetentionDays: 1825, AccessByParties: true, IntervalDays: 365},
		DataProtection: &agreement.DataProtection{
			ControllerRoles: "Each party is a controller of its officers' data.", TransferGround: "No transfer of personal data.", NoPersonalData: true,
		},
		Rights: &agreement.Rights{
			NonPunishment: true, NonDiscrimination: true, ChildRights: true, GenderReview: true, NonRefoulement: true,
			ComplaintsContact: "Data protection officer",
		},
		Breach: &agreement.Breach{
			Definition: "Any use or disclosure outside the terms.", NotifyWithinHours: 24, To: []string{"originator"},
			Measures: "The use stops.", Remedy: "Suspension.",
		},
		Compelled:   &agreement.CompelledDisclosure{AdvanceNotice: true, Consult: true},
		Retention:   &agreement.Retention{MaxDays: 1825, DisposalMethod: "Destruction of the keys.", Attestation: true, AttestWithinDays: 30},
		Duties:      &agreement.Duties{AcknowledgeWithinDays: 14, HoldNewReleases: true},
		Costs:       "Each party bears its own.",
		Liability:   "Each party answers for its own acts.",
		Disputes:    []string{"Negotiation."},
		Renewal:     &agreement.Renewal{Mode: "express"},
		Review:      &agreement.Review{IntervalDays: 365, OnOverdue: "warn"},
		Amendment:   &agreement.Amendment{BindsOnlyConsenting: true},
		Suspension:  &agreement.Suspension{Parties: "any-party", Grounds: []string{"breach", "safety"}, Urgent: []string{"safety"}, Reading: "stop"},
		Publication: "public",
		Texts:       map[string]string{"en": "sha256:" + strings.Repeat("0", 64)},
	}
	for _, name := range agencies {
		d.Commitments = append(d.Commitments, CommitmentOf(name))
	}
	return d
}

// PartyV2 returns an agency as a party of DocumentV2, and as it would accede.
func PartyV2(name act.AgencyName) agreement.Party {
	p := Document(name).Parties[0]
	p.Authority = &agreement.Authority{Instrument: "Fictional decree on signatures, article 2"}
	return p
}

// CommitmentOf returns what a party of DocumentV2 undertakes, as it would accede.
func CommitmentOf(name act.AgencyName) agreement.Commitment {
	return agreement.Commitment{Party: name, Give: []string{"bulletin"}, Receive: []string{"bulletin"}, Frequency: "As the need arises."}
}

// Committed is the text of that commitment.
func Committed(name act.AgencyName) string {
	c := CommitmentOf(name)
	b, err := c.Bytes()
	if err != nil {
		panic(err)
	}
	return string(b)
}
