package account

import "amrutam/internal/problem"

// What is wrong with a field.
var (
	faultOwnAddress  = problem.DefineMessage("own-address", "is your own address")
	faultSameAddress = problem.DefineMessage("same-address", "is your address already")
	faultNoFactor    = problem.DefineMessage("factor-needed",
		"is required, or recoveryCode or passkey in its place")
	faultNotPasskey = problem.DefineMessage("passkey",
		"can't be read as a PublicKeyCredential: send what its toJSON() gives")
	faultEmail = problem.DefineMessage("email-address",
		"must be a plain e-mail address like asha@example.org")
	faultUnreachable = problem.DefineMessage("unreachable-address",
		"can't be reached: our mail server takes only ASCII letters before the @; use another address")
	faultNotBirth     = problem.DefineMessage("date-of-birth", "must be a date like 1990-05-17")
	faultBornLater    = problem.DefineMessage("after-today", "must not be after today")
	faultBornEarlier  = problem.DefineMessage("before-1900", "must be 1900 or later")
	faultEmptyAddress = problem.DefineMessage("empty-address", "must not be empty; null clears it")
	faultLanguage     = problem.DefineMessage("language-tag",
		"must be a language tag (BCP 47) like hi or en-IN")
	faultPhone = problem.DefineMessage("phone",
		"must be a phone number with its country's code, like +91 98123 45678")
	faultPhoneQuery = problem.DefineMessage("phone-in-query",
		"must be a phone number with its country's code, like +91 98123 45678; in an address + is written %2B")
	faultRelation = problem.DefineMessage("relation", "must be one of CHILD, PARENT, SPOUSE, SIBLING and OTHER")
	faultNotText  = problem.DefineMessage("not-text", "must be text")
	faultOwnName  = problem.DefineMessage("own-name", "must not contain your name or address")
	faultService  = problem.DefineMessage("service-name", "must not contain the name of this service")
	faultSequence = problem.DefineMessage("sequence", "must not be a sequence or a repetition")
	faultCommon   = problem.DefineMessage("common-password", "must not be one of the most common passwords")
)

// Details of refusals.
var (
	detailWrongPassword = problem.DefineMessage("wrong-current-password", "The current password is wrong.")
	detailMailRefused   = problem.DefineMessage("sign-up-mail-refused",
		"The password is that of a sign-up whose e-mail address is not verified: the mail server of the address "+
			"refused our mail. Check the address, and sign up with one that takes mail.")
)
