// The figures of a period: those of everybody for administrators, and a doctor's own.

import { loadText } from "../../text";
import { Analytics } from "./analytics";
import { OwnFigures } from "./own";
import { text } from "./text";

export const load = (): Promise<void> => loadText("figures", text);

export const pages = { Analytics, OwnFigures };
