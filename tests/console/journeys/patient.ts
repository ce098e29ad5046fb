import { fillIn, freeTimes, pay, reason } from "./booking";
import { control, type Person, type Stage } from "./stage";
import { care, entry, links, holding, home, like, t, visits } from "./texts";

const email = "meera@example.org";
const password = "seven lamps light the well";

/** A visitor becomes a patient: books, moves, cancels, books again, has the visit, and reviews it. */
export async function patientsDay(stage: Stage): Promise<void> {
	const doctor = await control.doctor("Dr. Anand Iyer");
	for (const hours of [3, 4, 27, 28]) await control.slot(doctor, hours * 60);
	const patient = await stage.device();
	await patient.open("/");
	await patient.follow(home.find);
	await patient.follow(care.ofDoctor(care.allTimes, doctor.name));
	await patient.isAt(doctor.name);
	await freeTimes(patient).first().click();
	await signUp(stage, patient);
	await fillIn(patient);
	await patient.press(care.hold);
	await pay(patient);

	await move(patient);
	await cancel(patient);

	await patient.menu().follow(t.nav.doctors);
	await patient.follow(care.ofDoctor(care.bookNext, doctor.name));
	await patient.isAt(care.bookTitle);
	await patient.fill(care.reason, reason);
	await patient.press(care.hold);
	await pay(patient);
	await haveVisit(stage, patient, doctor);
}

/** Makes an account on the way to a booking, and comes back to it. */
async function signUp(stage: Stage, patient: Person): Promise<void> {
	await patient.follow(entry.signUp);
	await patient.isAt(entry.signUp);
	await patient.fill(entry.fullName, "Meera Nair");
	await patient.fill(entry.email, email);
	await patient.fill(entry.password, password);
	await patient.press(entry.signUp);
	await patient.isAt(entry.checkMail);
	const mail = await stage.tab(patient.page.context());
	await mail.open(await control.mail(email, "/verify-email"));
	await mail.press(entry.confirm);
	await mail.isAt(links.verified);
	await mail.page.close();
	await patient.follow(entry.signIn);
	await patient.signIn({ email, password });
}

async function move(patient: Person): Promise<void> {
	await patient.press(visits.move);
	const moving = patient.region(visits.chooseDay);
	await moving
		.button(new RegExp(`, ${holding(t.places(2)).source}$`))
		.last()
		.click();
	await moving
		.in(patient.page.getByRole("listitem"))
		.button(/\d:\d\d/)
		.first()
		.click();
	await patient.isAt(visits.confirmMove);
	await patient.press(like(visits.moveConfirm));
	await patient.sees(visits.movedFrom);
}

async function cancel(patient: Person): Promise<void> {
	await patient.press(visits.cancel);
	const dialog = patient.dialog(visits.cancelTitle);
	await dialog.sees(like(visits.cancelBack("§")));
	await dialog.press(visits.cancelConfirm);
	await patient.sees(t.status.CANCELLED);
	await patient.sees(visits.refunds);
}

/** Time goes on to the visit: the doctor treats, and the patient sees it on the page that stayed open. */
async function haveVisit(stage: Stage, patient: Person, doctor: Parameters<typeof control.treat>[0]): Promise<void> {
	await stage.advance(3 * 60 - 5);
	await patient.page.reload();
	await patient.signIn({ email, password }); // nothing was done for three hours
	await patient.press(visits.checkIn);
	await patient.sees(like(visits.checkedIn));
	await control.treat(doctor, new URL(patient.page.url()).pathname.split("/").pop() ?? "");
	await patient.sees(t.status.COMPLETED);
	await patient.follow(like(visits.prescriptionOf("§")));
	await patient.isAt(visits.prescription);
	await patient.in(patient.page.getByRole("row", { name: "Triphala" })).sees("5 g");
	await patient.follow(visits.toVisit);
	await patient.page.getByRole("radio", { name: like(`${visits.ratings[4]} (`) }).check();
	await patient.fill(visits.reviewText, "Kind and clear");
	await patient.press(visits.reviewSend);
	await patient.button(visits.reviewChange).waitFor();
	await patient.sees("Kind and clear");
}
