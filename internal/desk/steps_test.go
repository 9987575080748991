package desk_test

import "github.com/concordat-hub/concordat/internal/act"

func suspends(step act.AgreementStep) act.Payload { return &act.AgreementSuspend{AgreementStep: step} }
func resumes(step act.AgreementStep) act.Payload  { return &act.AgreementResume{AgreementStep: step} }
func withdraws(step act.AgreementStep) act.Payload {
	return &act.AgreementWithdraw{AgreementStep: step}
}
