import { useEffect, useRef } from "preact/hooks";
import { Title } from "../../app";
import { listDoctorFacets, searchDoctors, type Doctor } from "../../api/operations";
import { List, useLoad } from "../../parts/load";
import { dayOf, Time, ZoneNote } from "../../parts/time";
import { Name } from "../../parts/value";
import { useUser } from "../../session";
import { bookAddress, feeText, languageNames, RatingLine } from "./doctor-facts";
import { FindForm } from "./find-form";
import { useOwnAddress } from "./own-address";
import { filtersOf, readSearch, searchParams, without, type Search } from "./search";
import { text } from "./text";

/** The search for a doctor. What is looked for is in the address, so that Back and links show it again. */
export function Find() {
	const url = useOwnAddress();
	const search = readSearch(url.searchParams);
	const facets = useLoad(listDoctorFacets, {});
	const heading = useRef<HTMLHeadingElement>(null);
	const shown = useRef(url.search);
	useEffect(() => {
		if (shown.current === url.search) return;
		shown.current = url.search;
		heading.current?.focus();
	}, [url.search]);
	return (
		<>
			<Title text={text.findTitle} />
			<div class="columns side">
				<FindForm key={url.search} search={search} facets={facets.data} />
				<section aria-labelledby="results">
					<h2 id="results" ref={heading} tabIndex={-1} class="first">
						{text.results}
					</h2>
					<Filters query={url.searchParams} filters={filtersOf(search, facets.data)} />
					<ZoneNote />
					<List
						op={searchDoctors}
						params={searchParams(search)}
						empty={<Nothing query={url.searchParams} search={search} />}
					>
						{(doctors) => (
							<>
								<ul class="list">
									{doctors.map((doctor) => (
										<Found key={doctor.id} doctor={doctor} isWindow={search.from !== ""} />
									))}
								</ul>
								{search.sort === "earliest" && <ShowAll query={url.searchParams} />}
							</>
						)}
					</List>
				</section>
			</div>
		</>
	);
}

/** The filters that are set, each with a link that drops it. */
function Filters({ query, filters }: { query: URLSearchParams; filters: Array<[name: string, label: string]> }) {
	if (filters.length === 0) return null;
	return (
		<ul class="chips" aria-label={text.chosen}>
			{filters.map(([name, label]) => (
				<li key={name}>
					<a class="chip" href={without(query, [name])} aria-label={text.drop(label)}>
						<Name>{label}</Name>
					</a>
				</li>
			))}
			{filters.length > 1 && (
				<li>
					<a class="chip" href="/doctors">
						{text.dropAll}
					</a>
				</li>
			)}
		</ul>
	);
}

/** The soonest first leaves out who has no free time; they have a waitlist. */
function ShowAll({ query }: { query: URLSearchParams }) {
	const all = new URLSearchParams(query);
	all.set("sort", "rating");
	return (
		<p class="small">
			{text.onlyFree} <a href={"/doctors?" + all.toString()}>{text.showAll}</a>
		</p>
	);
}

function Nothing({ query, search }: { query: URLSearchParams; search: Search }) {
	const isFiltered = filtersOf(search, undefined).length > 0;
	return (
		<>
			{isFiltered ? text.noDoctors : text.noDoctorsAtAll}
			<br />
			{isFiltered && (
				<>
					<a href="/doctors">{text.dropAll}</a>
					<br />
				</>
			)}
			{search.sort === "earliest" && <ShowAll query={query} />}
		</>
	);
}

/** A doctor that was found. In a window of time, the page of the doctor opens at the time that is in it. */
function Found({ doctor, isWindow }: { doctor: Doctor; isWindow: boolean }) {
	const next = doctor.nextFreeSlot;
	const page = `/doctors/${doctor.id}` + (next && isWindow ? `?day=${dayOf(next.startTime)}` : "");
	const user = useUser();
	const mayBook = !user || user.role === "PATIENT";
	return (
		<li class="card doctor">
			<h3>
				<a href={page}>
					<Name>{doctor.fullName}</Name>
				</a>
			</h3>
			<p>
				<Name>{doctor.specialization}</Name> · {text.experience(doctor.yearsOfExperience)}
				<br />
				{text.languages}: {languageNames(doctor.languagesSpoken)}
				<br />
				<RatingLine doctor={doctor} />
				<br />
				{text.fee}: <strong>{feeText(doctor.consultationFee, doctor.currency)}</strong>
			</p>
			<p>
				{next ? (
					<>
						{text.nextFree}:{" "}
						<strong>
							<Time at={next.startTime} />
						</strong>
					</>
				) : (
					text.noNext
				)}
			</p>
			<p class="actions">
				{next && mayBook && (
					<a
						class="button primary"
						href={bookAddress(doctor.id, next.id)}
						aria-label={text.ofDoctor(text.bookNext, doctor.fullName)}
					>
						{text.bookNext}
					</a>
				)}
				<a class="button" href={page} aria-label={text.ofDoctor(text.allTimes, doctor.fullName)}>
					{text.allTimes}
				</a>
			</p>
		</li>
	);
}
