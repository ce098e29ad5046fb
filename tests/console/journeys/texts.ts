// The texts of the console in the language of the journey.

import { admin as adminEN } from "../../../internal/console/web/text/en/admin";
import { care as careEN } from "../../../internal/console/web/text/en/care";
import { common as commonEN } from "../../../internal/console/web/text/en/common";
import { doctor as doctorEN } from "../../../internal/console/web/text/en/doctor";
import { entry as entryEN } from "../../../internal/console/web/text/en/entry";
import { figures as figuresEN } from "../../../internal/console/web/text/en/figures";
import { home as homeEN } from "../../../internal/console/web/text/en/home";
import { hours as hoursEN } from "../../../internal/console/web/text/en/hours";
import { links as linksEN } from "../../../internal/console/web/text/en/links";
import { menu as menuEN } from "../../../internal/console/web/text/en/menu";
import { support as supportEN } from "../../../internal/console/web/text/en/support";
import { visits as visitsEN } from "../../../internal/console/web/text/en/visits";
import { admin as adminHI } from "../../../internal/console/web/text/hi/admin";
import { care as careHI } from "../../../internal/console/web/text/hi/care";
import { common as commonHI } from "../../../internal/console/web/text/hi/common";
import { doctor as doctorHI } from "../../../internal/console/web/text/hi/doctor";
import { entry as entryHI } from "../../../internal/console/web/text/hi/entry";
import { figures as figuresHI } from "../../../internal/console/web/text/hi/figures";
import { home as homeHI } from "../../../internal/console/web/text/hi/home";
import { hours as hoursHI } from "../../../internal/console/web/text/hi/hours";
import { links as linksHI } from "../../../internal/console/web/text/hi/links";
import { menu as menuHI } from "../../../internal/console/web/text/hi/menu";
import { support as supportHI } from "../../../internal/console/web/text/hi/support";
import { visits as visitsHI } from "../../../internal/console/web/text/hi/visits";
import { language } from "../../../internal/console/web/text/language";

const pick = <T>(english: T, hindi: T): T => (language === "hi" ? hindi : english);

export const t = pick(commonEN, commonHI);
export const admin = pick(adminEN, adminHI);
export const care = pick(careEN, careHI);
export const doctor = pick(doctorEN, doctorHI);
export const entry = pick(entryEN, entryHI);
export const figures = pick(figuresEN, figuresHI);
export const home = pick(homeEN, homeHI);
export const hours = pick(hoursEN, hoursHI);
export const links = pick(linksEN, linksHI);
export const menu = pick(menuEN, menuHI);
export const support = pick(supportEN, supportHI);
export const visits = pick(visitsEN, visitsHI);

/** Matches a text that begins like this, whatever stands at the places of "§". */
export function like(text: string): RegExp {
	return new RegExp("^" + holding(text).source);
}

/** Matches a text in which this stands. */
export function holding(text: string): RegExp {
	return new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll("§", ".+"));
}
