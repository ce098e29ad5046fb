import { fillIn, freeTimes, reason } from "./booking";
import { check, control, type Stage } from "./stage";
import { care, doctor as text, like, t } from "./texts";

/** Sessions end amid a booking and amid notes: both go on after a sign-in in the dialog. */
export async function goOnAfterSessionEnds(stage: Stage): Promise<void> {
	const doctor = await control.doctor("Dr. Anand Iyer");
	await control.slot(doctor, 10);
	await control.slot(doctor, 27 * 60);
	const user = await control.patient("Meera Nair");
	await control.visit(user, doctor, 0);

	const patient = await stage.device(user);
	await patient.open(`/doctors/${doctor.id}`);
	await freeTimes(patient).first().click();
	await fillIn(patient);
	await control.signOut(user);
	await patient.press(care.hold);
	const dialog = patient.dialog(t.sessionEnded);
	await dialog.signIn({ ...user, password: "something else" });
	await dialog.page.getByRole("alert").waitFor();
	await dialog.signIn(user);
	await patient.isAt(care.held);
	check((await control.count(user)).visits === 2, "it isn't booked once");

	const atWork = await stage.device(doctor);
	await atWork.open("/today");
	await atWork.follow(like(text.today.openVisit(user.name, "§")));
	await atWork.press(text.steps.start);
	await atWork.fill(text.notes.label, reason);
	await atWork.sees(like(text.notes.savedAt("§")));
	await control.signOut(doctor);
	await atWork.fill(text.notes.label, reason + ". Better since Monday.");
	await atWork.dialog(t.sessionEnded).signIn(doctor);
	await atWork.sees(like(text.notes.savedAt("§")));
	await atWork.press(text.steps.complete);
	await atWork.sees(t.status.COMPLETED);
	await atWork.sees(reason + ". Better since Monday.");
}
