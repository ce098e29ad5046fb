import { control, type Person, type Stage } from "./stage";
import { doctor as text, like, t, visits } from "./texts";

/** What one side changes shows at the other without a reload, also in a tab that slept. */
export async function visitChangesLive(stage: Stage): Promise<void> {
	const doctor = await control.doctor("Dr. Anand Iyer");
	const patient = await control.patient("Meera Nair");
	for (const hours of [3, 4, 5]) await control.slot(doctor, hours * 60);
	const booked = [];
	for (let i = 0; i < 3; i++) booked.push(await control.visit(patient, doctor, 0));
	const [first, second, third] = booked.map((visit) => `/visits/${visit.id}`);

	const atWork = await stage.device(doctor);
	const atHome = await stage.device(patient);
	await atWork.open("/today");
	const coming = atWork.link(like(text.today.openVisit(patient.name, "§")));
	await coming.nth(2).waitFor();
	await atHome.open(first ?? "");
	await cancel(atHome);
	await coming.nth(2).waitFor({ state: "detached" });

	// The tab of the doctor is frozen while the patient cancels.
	const devtools = await atWork.page.context().newCDPSession(atWork.page);
	await devtools.send("Page.setWebLifecycleState", { state: "frozen" });
	await atHome.open(second ?? "");
	await cancel(atHome);
	await devtools.send("Page.setWebLifecycleState", { state: "active" });
	await coming.nth(1).waitFor({ state: "detached" });

	// The device of the patient sleeps without a network while the doctor cancels.
	await atHome.open(third ?? "");
	await atHome.sees(t.status.CONFIRMED);
	await atHome.page.context().setOffline(true);
	await coming.click();
	await atWork.isAt(like(text.visit.with(patient.name, "§")));
	await atWork.page.getByText(text.cancel.title, { exact: true }).click();
	await atWork.press(text.cancel.action);
	await atWork.sees(t.status.CANCELLED);
	await stage.advance(1);
	await atHome.page.context().setOffline(false);
	await atHome.page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
	await atHome.sees(t.status.CANCELLED);
}

async function cancel(patient: Person): Promise<void> {
	await patient.press(visits.cancel);
	await patient.dialog(visits.cancelTitle).press(visits.cancelConfirm);
	await patient.sees(t.status.CANCELLED);
}
