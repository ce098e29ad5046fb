import { fillIn, freeTimes, reason } from "./booking";
import { check, control, type Person, type Stage } from "./stage";
import { care, holding, like, t, visits } from "./texts";

/** A patient books, pays and cancels while the network fails at each step: before the request, and before the answer. */
export async function bookWithCuts(stage: Stage): Promise<void> {
	const doctor = await control.doctor("Dr. Anand Iyer");
	await control.slot(doctor, 27 * 60);
	const user = await control.patient("Meera Nair");
	const patient = await stage.device(user);
	// The stream of changes would tell what became of a request whose answer is lost.
	await patient.page.route("**/api/v1/events", (route) => route.abort());

	await patient.open("/doctors");
	await patient.link(care.ofDoctor(care.allTimes, doctor.name)).waitFor();
	await withoutNetwork(patient, () => patient.follow(care.ofDoctor(care.allTimes, doctor.name)));
	await freeTimes(patient).first().waitFor();
	await withoutNetwork(patient, () => freeTimes(patient).first().click());
	await fillIn(patient);
	await withoutNetwork(patient, () => patient.press(care.hold));
	check((await patient.field(care.reason).inputValue()) === reason, "the reason is gone");
	await loseAnswer(patient, "/consultations", () => patient.press(care.hold));
	check((await patient.field(care.reason).inputValue()) === reason, "the reason is gone");
	await patient.press(care.hold);

	await patient.isAt(care.held);
	await withoutNetwork(patient, () => patient.press(like(care.pay("§"))));
	await loseAnswer(patient, "/payments/initiate", () => patient.press(like(care.pay("§"))));
	await patient.press(like(care.pay("§")));
	await patient.button("Pay").waitFor();
	await loseNextAnswer(patient, "/dev/checkout/");
	await patient.press("Pay");
	await patient.page.waitForURL(/^chrome-error:/); // the browser's own page
	await patient.open("/visits");
	await patient.sees(t.status.CONFIRMED);

	await patient.follow(like(visits.openVisit(doctor.name, "§")));
	await patient.button(visits.move).waitFor();
	await withoutNetwork(patient, () => patient.press(visits.move));
	await patient.region(visits.chooseDay).sees(visits.noDays);
	await patient.press(visits.moveClose);
	// What was read so far goes on to the next page; its scripts are missing.
	await withoutNetwork(patient, () => patient.menu().follow(t.nav.waitlist));
	await patient.isAt(t.nav.waitlist);
	await patient.page.goBack();
	await patient.press(visits.cancel);
	const dialog = patient.dialog(visits.cancelTitle);
	await dialog.fill(visits.cancelReason, "I am travelling");
	await withoutNetwork(dialog, () => dialog.press(visits.cancelConfirm));
	check((await dialog.field(visits.cancelReason).inputValue()) === "I am travelling", "the reason is gone");
	await loseAnswer(dialog, "/cancel", () => dialog.press(visits.cancelConfirm));
	await dialog.press(visits.cancelConfirm);
	await patient.sees(t.status.CANCELLED);

	const made = await control.count(user);
	check(made.visits === 1 && made.payments === 1, `booked and paid: ${JSON.stringify(made)}`);
}

/** Does something without a network, and waits until the page says so. */
async function withoutNetwork(person: Person, act: () => Promise<void>): Promise<void> {
	const device = person.page.context();
	await device.setOffline(true);
	await act();
	await saysOffline(person);
	await device.setOffline(false);
}

/** Does something whose request arrives, but whose answer is lost, and waits until the page says so. */
async function loseAnswer(person: Person, path: string, act: () => Promise<void>): Promise<void> {
	await loseNextAnswer(person, path);
	await act();
	await saysOffline(person);
}

async function loseNextAnswer(person: Person, path: string): Promise<void> {
	let isLost = false;
	await person.page.route(
		(url) => url.pathname.includes(path),
		async (route) => {
			if (isLost || route.request().method() === "GET") return route.fallback();
			isLost = true;
			await route.fetch({ maxRedirects: 0 });
			await route.abort("connectionreset");
		},
	);
}

async function saysOffline(person: Person): Promise<void> {
	const texts = [t.problems["offline"], t.problems["not-loaded"], visits.problems["offline"]].map(
		(text) => holding(text ?? "").source,
	);
	await person.page
		.getByRole("alert")
		.filter({ hasText: new RegExp(texts.join("|")) })
		.first()
		.waitFor();
}
