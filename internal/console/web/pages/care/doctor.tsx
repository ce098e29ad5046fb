import { Title } from "../../app";
import { listDoctorReviews, readDoctor, type Doctor as DoctorData, type Review } from "../../api/operations";
import { monthName } from "../../parts/calendar";
import { List, Show, useLoad } from "../../parts/load";
import { Name, Stars } from "../../parts/value";
import type { PageProps } from "../index";
import { feeText, isFree, languageNames, Policy, RatingLine } from "./doctor-facts";
import { FreeTimes } from "./free-times";
import { text } from "./text";
import { JoinWaitlist } from "./waitlist-join";

/** Who a doctor is, when they are free, and what patients say. */
export function Doctor({ params }: PageProps) {
	const id = params["id"] ?? "";
	const loaded = useLoad(readDoctor, { id });
	return (
		<>
			{!loaded.data && loaded.error !== undefined && <Title text={text.doctor} />}
			<Show loaded={loaded} gone={{ text: text.noDoctor, href: "/doctors", link: text.backToSearch }}>
				{(doctor) => (
					<>
						<Title text={doctor.fullName} />
						<p class="lead">
							<Name>{doctor.specialization}</Name> · {text.experience(doctor.yearsOfExperience)} ·{" "}
							<strong>{feeText(doctor.consultationFee, doctor.currency)}</strong>
						</p>
						<div class="columns">
							<section aria-labelledby="times">
								<h2 id="times" class="first">
									{text.choose}
								</h2>
								<FreeTimes doctor={doctor} />
								<JoinWaitlist doctor={doctor} />
							</section>
							<section aria-labelledby="about">
								<h2 id="about" class="first">
									{text.about}
								</h2>
								<Facts doctor={doctor} />
							</section>
						</div>
						<section aria-labelledby="reviews">
							<h2 id="reviews">{text.reviews}</h2>
							<List op={listDoctorReviews} params={{ id }} empty={text.noReviews}>
								{(reviews) => (
									<ul class="list">
										{reviews.map((review) => (
											<ReviewCard key={review.id} review={review} />
										))}
									</ul>
								)}
							</List>
						</section>
					</>
				)}
			</Show>
		</>
	);
}

function Facts({ doctor }: { doctor: DoctorData }) {
	return (
		<>
			{doctor.bio && <p class="text">{doctor.bio}</p>}
			<dl>
				<dt>{text.fee}</dt>
				<dd>
					<strong>{feeText(doctor.consultationFee, doctor.currency)}</strong>
				</dd>
				{!isFree(doctor.consultationFee) && (
					<>
						<dt>{text.policy}</dt>
						<dd>
							<Policy steps={doctor.cancellationPolicy} />
						</dd>
					</>
				)}
				<dt>{text.languages}</dt>
				<dd>{languageNames(doctor.languagesSpoken)}</dd>
				<dt>{text.minRating}</dt>
				<dd>
					<RatingLine doctor={doctor} />
				</dd>
				{doctor.clinicName && (
					<>
						<dt>{text.clinic}</dt>
						<dd>
							<Name>{doctor.clinicName}</Name>
						</dd>
					</>
				)}
				<dt>{text.registration}</dt>
				<dd>
					<Name>{doctor.registrationNumber}</Name>
				</dd>
			</dl>
		</>
	);
}

function ReviewCard({ review }: { review: Review }) {
	return (
		<li class="card">
			<p>
				<Stars rating={review.rating} />{" "}
				<span class="small">
					<Name>{review.author ?? text.somebody}</Name>, {monthName(review.month)}
				</span>
			</p>
			{review.text && <p class="text">{review.text}</p>}
			{review.reply && (
				<div class="note">
					<strong>{text.reply}</strong>
					<p class="text">{review.reply}</p>
				</div>
			)}
		</li>
	);
}
