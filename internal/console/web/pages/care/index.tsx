// From looking for a doctor to a paid visit.

import { loadText } from "../../text";
import { Book } from "./book";
import { Doctor } from "./doctor";
import { Find } from "./find";
import { text } from "./text";
import { Waitlist } from "./waitlist";

export const load = (): Promise<void> => loadText("care", text);

export const pages = { Find, Doctor, Book, Waitlist };
