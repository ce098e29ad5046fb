package invariant

// CheckIn is Check in a transaction of the caller's.
var CheckIn = check
