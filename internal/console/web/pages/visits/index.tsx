// What a patient does with visits: see, move, pay and review them; their prescriptions and payments.

import { loadText } from "../../text";
import { Payments } from "./payments";
import { Prescription } from "./prescription";
import { Prescriptions } from "./prescriptions";
import { Receipt } from "./receipt";
import { text } from "./text";
import { Visit } from "./visit";
import { Visits } from "./visits";

export const load = (): Promise<void> => loadText("visits", text);

export const pages = { Visits, Visit, Prescriptions, Prescription, Payments, Receipt };
