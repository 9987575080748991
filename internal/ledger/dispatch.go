package ledger

import "github.com/concordat-hub/concordat/internal/act"

// agency handles the acts about an agency's standing and keys. The last result
// says whether the act is one.
func (c *cursor) agency() (func(), error, bool) {
	var change func()
	var err error
	switch p := c.entry.Act.Payload.(type) {
	case *act.AgencyEnrol:
		change, err = c.enrol(p)
	case *act.AgencySuspend:
		change, err = c.standing(&p.AgencyStanding, Enrolled, Suspended)
	case *act.AgencyResume:
		change, err = c.standing(&p.AgencyStanding, Suspended, Enrolled)
	case *act.AgencyOffboard:
		change, err = c.offboard(&p.AgencyStanding)
	case *act.KeyAdd:
		change, err = c.keyAdd(p)
	case *act.KeyRetire:
		change, err = c.keyEnd(&p.KeyEnd, false)
	case *act.KeyRevoke:
		change, err = c.keyEnd(&p.KeyEnd, true)
	default:
		return nil, nil, false
	}
	return change, err, true
}

// agreement handles the acts of an agreement's life.
func (c *cursor) agreement() (func(), error, bool) {
	var change func()
	var err error
	switch p := c.entry.Act.Payload.(type) {
	case *act.AgreementPropose:
		change, err = c.propose(p)
	case *act.AgreementSign:
		change, err = c.sign(&p.AgreementStep)
	case *act.AgreementDecline:
		change, err = c.decline(&p.AgreementStep)
	case *act.AgreementRetract:
		change, err = c.retractProposal(&p.AgreementStep)
	case *act.AgreementSuspend:
		change, err = c.suspend(&p.AgreementStep)
	case *act.AgreementResume:
		change, err = c.resume(&p.AgreementStep)
	case *act.AgreementSuspendParty:
		change, err = c.suspendParty(&p.AgreementPartyStep)
	case *act.AgreementResumeParty:
		change, err = c.resumeParty(&p.AgreementPartyStep)
	case *act.AgreementWithdraw:
		change, err = c.withdraw(&p.AgreementStep)
	case *act.AgreementTerminate:
		change, err = c.terminate(&p.AgreementStep)
	case *act.AgreementReview:
		change, err = c.review(&p.AgreementStep)
	case *act.AgreementInvite:
		change, err = c.invite(p)
	case *act.AgreementAccede:
		change, err = c.accede(p)
	case *act.AgreementCountersign:
		change, err = c.countersign(p)
	case *act.NoticeBreach:
		change, err = c.breach(p)
	default:
		return nil, nil, false
	}
	return change, err, true
}

// item handles the acts about items and about the consents that they need.
func (c *cursor) item() (func(), error, bool) {
	var change func()
	var err error
	switch p := c.entry.Act.Payload.(type) {
	case *act.ItemRelease:
		change, err = c.release(p)
	case *act.ItemRetract:
		change, err = c.retract(p)
	case *act.ItemOpen:
		change, err = c.open(p)
	case *act.ItemRestrict:
		change, err = c.restrict(p)
	case *act.ItemAcknowledge:
		change, err = c.acknowledge(p)
	case *act.ItemCannotComply:
		change, err = c.cannotComply(p)
	case *act.ItemReportUse:
		change, err = c.reportUse(p)
	case *act.ItemAttest:
		change, err = c.attest(p)
	case *act.HoldPlace:
		change, err = c.hold(&p.HoldStep, true)
	case *act.HoldLift:
		change, err = c.hold(&p.HoldStep, false)
	case *act.NoticeDisclosure:
		change, err = c.disclosure(p)
	case *act.ConsentRequest:
		change, err = c.askConsent(p)
	case *act.ConsentGrant:
		change, err = c.grant(&p.ConsentAnswer)
	case *act.ConsentRefuse:
		change, err = c.refuseConsent(&p.ConsentAnswer)
	case *act.ConsentWithdraw:
		change, err = c.withdrawConsent(&p.ConsentAnswer)
	default:
		return nil, nil, false
	}
	return change, err, true
}
