package hubhttp

// Doors returns the door of every endpoint, by its pattern.
func Doors() map[string]string {
	doors := map[string]string{}
	for _, route := range (&handler{}).routes() {
		doors[route.pattern] = route.door
	}
	return doors
}

// AnswerUntil is how what a right opens is written.
var AnswerUntil = answerUntil
