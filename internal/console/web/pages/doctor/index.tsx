// A doctor's day: the visits of a day and a week, one visit, the application and the reviews.

import { loadText } from "../../text";
import { Application } from "./application";
import { Consultation } from "./consultation";
import { Reviews } from "./reviews";
import { text } from "./text";
import { Today } from "./today";
import { Week } from "./week";

export const load = (): Promise<void> => loadText("doctor", text);

export const pages = { Today, Week, Consultation, Application, Reviews };
