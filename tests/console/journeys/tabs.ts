import { fillIn, freeTimes, reason } from "./booking";
import { check, control, type Stage } from "./stage";
import { care, t } from "./texts";

/** Two people use one browser: what the first has typed is never sent as the second. */
export async function keepUsersApart(stage: Stage): Promise<void> {
	const doctor = await control.doctor("Dr. Anand Iyer");
	await control.slot(doctor, 27 * 60);
	const [first, second] = [await control.patient("Meera Nair"), await control.patient("Ravi Das")];
	const tab = await stage.device(first);
	await tab.open(`/doctors/${doctor.id}`);
	await freeTimes(tab).first().click();
	await fillIn(tab);

	const other = await stage.tab(tab.page.context());
	await other.open("/visits");
	await other.menu().press(t.signOut);
	await other.signIn(second);
	await other.menu().link(second.name).waitFor();

	await tab.page.bringToFront();
	await tab.menu().link(second.name).waitFor();
	await tab.open(`/doctors/${doctor.id}`);
	await freeTimes(tab).first().click();
	await tab.isAt(care.bookTitle);
	check((await tab.field(care.reason).inputValue()) !== reason, "the second sees what the first has typed");
	await tab.fill(care.reason, "Cough since Sunday");
	await tab.press(care.hold);
	await tab.isAt(care.held);
	const made = [(await control.count(first)).visits, (await control.count(second)).visits];
	check(made.join() === "0,1", `visits of the first and of the second: ${made.join()}`);
}
