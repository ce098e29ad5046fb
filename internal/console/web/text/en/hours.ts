import { plural } from "../language";

const visits = (n: number): string => plural(n, { one: "1 booked visit", other: `${n} booked visits` });
const times = (n: number): string => plural(n, { one: "1 time", other: `${n} times` });

/** A doctor's hours. */
export const hours = {
	title: "Hours",
	tabRules: "Regular hours",
	tabLeave: "Time off and extra hours",
	tabSlots: "Single times",
	named: (action: string, what: string) => `${action}: ${what}`,
	delete: "Delete",
	deleteIt: "Yes, delete",
	keepIt: "Keep it",
	loadAnew: "Load it again; what I typed is lost",

	rulesHint:
		"Say once when you work, week by week. Patients can book these times; they are opened for the next 60 days, and every day another day is added.",
	addRule: "Add hours",
	noRules: "You have no regular hours yet. Add them: it takes a minute, and you see every time before you save.",
	over: "Over: the last day has passed",
	deleteRule: "Delete these hours?",
	deleteRuleHint:
		"The free times to come are closed. Visits that are already booked stay and take place; we show you which they are.",
	ruleDeleted: "The hours are deleted.",

	newRule: "New hours",
	newRuleHint:
		"Choose the days and the times. Beside it you see what patients will be able to book; nothing is saved yet.",
	changeRule: "Change hours",
	changeRuleHint:
		"Free times to come that no longer fit are closed, and new ones are opened. Visits that are already booked stay as they are.",
	saveRule: "Save these hours",
	presets: "Begin with one of these, or choose your own days and times below:",
	onDays: "On which days",
	repeats: "How often",
	everyNWeeks: (n: number) => plural(n, { one: "Every week", other: `Every ${n} weeks` }),
	atTimes: "At what times",
	startTime: "Begins at",
	endTime: "Ends at (midnight is 00:00)",
	slotMinutes: "Minutes for each visit",
	bufferMinutes: "Minutes of break between visits",
	maxPatients: "Patients at the same time",
	period: "From when until when",
	validFrom: "First day",
	validTo: "Last day",
	timezone: "Time zone of these times",
	timezoneHint: "Change it only if you work in another place than your profile says.",
	preview: "What patients will be able to book",
	seePreview: "See the times first",
	previewing: "Looking…",
	previewNote: "The first 60 days. Your time off isn't taken out here; it is when you save.",
	opens: (n: number, days: number) =>
		n === 0
			? "No times to come. Check the days, the times and the dates."
			: `${times(n)}${n === 500 ? " and more" : ""} on ${plural(days, { one: "1 day", other: `${days} days` })} to come.`,
	allOfDays: (n: number) => `Show all ${n} days`,
	fewerDays: "Show fewer days",
	noDays: "Choose at least one day of the week.",
	fillIn: "Fill in the times, the minutes (at least 5) and the first day to see what they open.",
	endsBefore: "The end must be after the beginning. Hours past midnight need one entry for each day.",
	slotTooLong: "One visit is longer than the hours from beginning to end.",
	breakTooLong: "The break must not be longer than a visit.",
	lastBeforeFirst: "The last day is before the first one.",
	overlaps: (rule: string, day: string) =>
		`These hours overlap your other hours “${rule}”, for the first time on ${day}. Choose other days or times, or change those hours first.`,
	overlapsOther: (day: string) =>
		`These hours overlap other hours of yours, for the first time on ${day}. Choose other days or times, or change those hours first.`,
	tooManyRules: "You have as many regular hours as possible. Delete some that you don't need.",
	notApproved:
		"Only doctors whose application is approved can open times. See “Application” for what is missing, and come back then.",
	applyFirst:
		"Apply as a doctor first, on the page “Application”. After that you can write your hours here while you wait for the approval.",
	toApplication: "Go to “Application”",
	ruleSaved: "Your hours are saved",
	toRules: "To your regular hours",
	toSlots: "See them in the calendar",

	range: (first: string, last: string) => `${first} to ${last}`,
	every: (days: string) => `Every ${days}`,
	everyDay: "Every day",
	allDays: "all days",
	everyWeeks: (n: number, days: string) => `Every ${n} weeks on ${days}`,
	specialDays: "On special days",
	specialHint:
		"This form can't show these days: they were made through the API, and are changed through it. You can delete them here.",
	midnight: "midnight",
	each: (minutes: string) => `${minutes} each`,
	since: (day: string) => `From ${day} on`,
	until: (day: string) => `Until ${day}`,
	withBreak: (minutes: string) => `${minutes} of break between visits`,
	forPatients: (n: number) => `${n} patients at the same time`,
	inZone: (zone: string) => `In the time zone ${zone}`,

	made: (n: number) => plural(n, { one: "1 time is open now.", other: `${n} times are open now.` }),
	removed: (n: number) => plural(n, { one: "1 free time was closed.", other: `${n} free times were closed.` }),
	noChange: "No times were opened or closed.",
	nothingOpened:
		"No times were opened or closed. If your application isn't approved yet, they open as soon as it is.",
	nothingOpenedExtra: "No times were opened.",
	nothingClosed: "You had no free times then.",
	outside: (n: number) =>
		`${visits(n)} now ${n === 1 ? "lies" : "lie"} outside of your hours. ${n === 1 ? "It stays and takes" : "They stay and take"} place, unless you open the visit and move or cancel it:`,
	leftOut: (n: number) =>
		`${n >= 100 ? "100 times or more were" : n === 1 ? "1 time was" : `${n} times were`} not opened, because you have another time there`,
	visit: "Visit",
	visitAt: (time: string) => `Visit on ${time}`,

	leaveTitle: "Time off and extra hours",
	planned: "Planned",
	noLeave: "Nothing is planned.",
	away: "Away",
	awayShort: "away",
	awayHint: "Days or hours on which you don't see patients. Your times then are closed.",
	firstDay: "First day",
	lastDay: "Last day, included",
	partly: "Only from an hour to an hour",
	partlyHint: "Without this you are away on whole days.",
	fromTime: "From, on the first day",
	toTime: "Until, on the last day",
	isOver: "This is in the past.",
	saveLeave: "Enter the time off",
	affects: "Patients have booked visits then",
	affectsHint: (n: number, more: boolean) =>
		n === 0
			? "There are visits during this time."
			: `${more ? "More than " : ""}${visits(n)} ${n === 1 && !more ? "is" : "are"} during this time:`,
	affectsNext:
		"If you go on, each of these patients gets a mail now: they may choose another time or have the whole fee back. They keep their place until they answer, usually for up to a day. Without an answer, or when the visit is only about two hours away, it is cancelled and the fee is returned.",
	newTab: "(opens in a new tab)",
	confirmLeave: "Be away, and offer the patients other times",
	noLeaveThen: "Don't be away then",
	leaveSaved: (times: string) => `You are away: ${times}.`,
	onLeaveNow: (n: number) =>
		n === 1
			? "1 patient has been offered other times or the money back:"
			: `${n} patients have been offered other times or the money back:`,
	extra: "Extra hours",
	extraHint: "Hours on one day, besides your regular ones. They are opened at once.",
	day: "Day",
	saveExtra: "Open the extra hours",
	extraSaved: (times: string) => `Extra hours: ${times}.`,
	skipped: "The clocks are set forward then, and skip this time. Choose another one.",
	exceptionOverlap: "You have other time off or extra hours then. Delete those first, or choose another time.",
	tooManyExceptions:
		"You have as much time off and extra hours planned as possible. Delete some that you don't need.",
	deleteLeave: "Delete this time off?",
	deleteLeaveHint:
		"Your times are opened again. Visits whose patients haven't answered yet take place after all, and we tell the patients. Visits that were moved or cancelled stay so.",
	leaveDeleted:
		"The time off is deleted. If visits were still waiting for an answer, they take place after all, and their patients are told.",
	deleteExtra: "Delete these extra hours?",
	deleteExtraHint: "The free times are closed. Visits that are already booked stay and take place.",
	extraDeleted: "The extra hours are deleted.",

	slotsTitle: "Single times",
	slotsHint: "Choose a day to see its times, block or open one, or add another one.",
	chooseDay: "Choose a day of this month.",
	times: (n: number, taken: number) => `${times(n)}, ${taken} with visits`,
	noTimes: "no times",
	noTimesOn: "You have no times on this day.",
	reading: "Loading…",
	timesOf: (day: string) => `Times of ${day}`,
	awayThen: "You are away on this day or on a part of it.",
	toLeave: "See your time off",
	awayAllDay: "Away on this day? Enter time off",
	free: "Free",
	freePlaces: (n: number) => `Free, ${n} places`,
	booked: "Booked",
	someBooked: (n: number, of: number) => `${n} of ${of} places booked`,
	blocked: "Blocked",
	blockedAway: "Blocked: you are away",
	hasBegun: "Has begun",
	block: "Block",
	open: "Open",
	opened: "Patients can book it again.",
	isBlocked: "Blocked: nobody can book it.",
	addSlot: "Add a time",
	slotAdded: "Added.",
	addBlocked: "Keep it free of patients",
	addBlockedHint: "It shows here as blocked, and nobody can book it.",
	changeSlot: "Change this time",
	onlyPlaces: (n: number) =>
		`${plural(n, { one: "1 place is", other: `${n} places are` })} booked, so the time stays. You can change how many patients come.`,
	deleteSlot: "Delete this time?",
	deleteSlotHint: "Your regular hours don't open it again. To keep it for later, block it instead.",
	slotDeleted: "Deleted.",
	slotLength: "A time lasts from 5 minutes to 8 hours.",
	erasureDue: "Your account will have ended by then. Choose an earlier time.",
	onLeave: "You are away then. Delete the time off first, or choose another time.",
	slotExists: "You have exactly this time already; it may be blocked. Open that one, or choose another time.",
	slotOverlap: "You have another open time then. Choose another time, or block or delete that one first.",
	slotHasVisits: "Visits are booked in it. Move or cancel those first, and try again.",
	slotHasHistory: "It had a visit once, and records point at it. Block it instead.",
	slotBegun: "It has begun, and can't be changed any more.",
	slotFull: "All its places are booked. It is free again when a visit is cancelled, or when you add places.",
};
