// Runs the journey that the command line names.

import { doctorsDay } from "./doctor";
import { bookByKeyboard } from "./keyboard";
import { visitChangesLive } from "./live";
import { bookWithCuts } from "./network";
import { patientsDay } from "./patient";
import { goOnAfterSessionEnds } from "./session";
import { Stage } from "./stage";
import { staffsDay } from "./staff";
import { keepUsersApart } from "./tabs";

declare const process: { argv: string[]; exit: (code: number) => never };

const journeys: Record<string, (stage: Stage) => Promise<void>> = {
	patient: patientsDay,
	doctor: doctorsDay,
	staff: staffsDay,
	keyboard: bookByKeyboard,
	network: bookWithCuts,
	session: goOnAfterSessionEnds,
	tabs: keepUsersApart,
	live: visitChangesLive,
};

async function run(): Promise<number> {
	const journey = journeys[process.argv[2] ?? ""];
	if (!journey) throw new Error("there is no such journey");
	const stage = await Stage.begin();
	try {
		await journey(stage);
		for (const fault of stage.faults) console.error(fault);
		return stage.faults.length;
	} catch (error) {
		console.error(error, ...(await stage.shown()));
		return 1;
	} finally {
		await stage.end();
	}
}

void run().then((code) => process.exit(code));
