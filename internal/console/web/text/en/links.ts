/** The pages behind the links in mails. */
export const links = {
	spent: "This link no longer works",
	incomplete: "The link is incomplete",
	incompleteHint: "Open the link in your mail again, or copy all of it into the address bar.",
	verify: "Confirm your address",
	verifyHint: "Press the button to confirm that this e-mail address is yours.",
	verifySpent:
		"It was used before, is older than a day, or a newer mail has replaced it. If you confirmed your address already, just sign in; otherwise the sign-in offers to send a new mail.",
	verified: "Your address is confirmed",
	verifiedHint:
		"You can sign in now. If somebody signed up with this address more than once and with different passwords, none of them works: we have mailed you a link to choose one.",
	confirmNew: "Confirm your new address",
	confirmNewHint: "Press the button to sign in with this e-mail address from now on.",
	confirmSpent:
		"It was used before, is older than a day, or a newer mail has replaced it. Ask for a new mail where you change your address.",
	newAddress: "Your new address is confirmed",
	newAddressHint: "You sign in with it from now on.",
	addressTaken: "Somebody, perhaps you, signed up with this address in the meantime. Nothing was changed.",
	toAccount: "Go to my account",
	resetHint:
		"Choose a long one, like a few words that belong together only for you. All devices will be signed out.",
	resetSpent: "It was used before, is older than an hour, or a newer mail has replaced it.",
	askAgain: "Ask for a new mail",
	newPassword: "New password",
	setPassword: "Set the password",
	passwordSet: "Your password is set",
	passwordSetHint: "All devices of that account were signed out. In this browser another account is signed in.",
	goOn: "Go on",
};
