package invariant

// CheckIn is Check in the caller's transaction.
var CheckIn = check
