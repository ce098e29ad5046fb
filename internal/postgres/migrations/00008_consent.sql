-- +goose Up

-- The notices that people read before they consent (Digital Personal Data Protection Act 2023, sections 5 and 6;
-- Telemedicine Practice Guidelines 2020). The highest version of a purpose is the current one. A later migration
-- publishes a version by inserting it, in every language at once. Rows never change, because consents refer to them.
CREATE TABLE consent_notices (
    purpose text NOT NULL CHECK (purpose IN ('TREATMENT', 'DATA_USE', 'MESSAGES')),
    version int NOT NULL CHECK (version > 0),
    language text NOT NULL CHECK (language IN ('en', 'hi')),
    title text NOT NULL,
    text text NOT NULL,
    required boolean NOT NULL,
    published_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (purpose, version, language)
);
CREATE TRIGGER consent_notices_no_change BEFORE UPDATE OR DELETE ON consent_notices
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER consent_notices_no_truncate BEFORE TRUNCATE ON consent_notices EXECUTE FUNCTION refuse_change();

-- Who consented to which notice, when and how. A withdrawal closes the row; nothing else in it ever changes.
CREATE TABLE consents (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id),
    purpose text NOT NULL,
    notice_version int NOT NULL,
    language text NOT NULL,
    channel text NOT NULL CHECK (channel IN ('API', 'PAGE')),
    given_at timestamptz NOT NULL,
    withdrawn_at timestamptz CHECK (withdrawn_at >= given_at),
    FOREIGN KEY (purpose, notice_version, language) REFERENCES consent_notices (purpose, version, language)
);
-- Consenting twice is one consent. Bookings read this index.
CREATE UNIQUE INDEX consents_standing_key ON consents (user_id, purpose, notice_version) WHERE withdrawn_at IS NULL;
CREATE INDEX consents_user_id_idx ON consents (user_id, given_at);
CREATE TRIGGER consents_only_withdraw BEFORE UPDATE ON consents FOR EACH ROW
    WHEN (OLD.withdrawn_at IS NOT NULL OR NEW.withdrawn_at IS NULL OR to_jsonb(OLD) - 'withdrawn_at' <> to_jsonb(NEW) - 'withdrawn_at')
    EXECUTE FUNCTION refuse_change();
CREATE TRIGGER consents_no_delete BEFORE DELETE ON consents FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER consents_no_truncate BEFORE TRUNCATE ON consents EXECUTE FUNCTION refuse_change();

-- The consent to one consultation: IMPLIED by the patient's own booking, or EXPLICIT. It is closed when the patient
-- withdraws from treatment while the consultation is live. The doctor may then start only after an explicit consent.
CREATE TABLE consultation_consents (
    consultation_id uuid NOT NULL REFERENCES consultations (id),
    basis text NOT NULL CHECK (basis IN ('IMPLIED', 'EXPLICIT')),
    notice_version int NOT NULL,
    actor_id uuid NOT NULL REFERENCES users (id),
    given_at timestamptz NOT NULL,
    withdrawn_at timestamptz CHECK (withdrawn_at >= given_at),
    PRIMARY KEY (consultation_id, basis, given_at)
);
CREATE TRIGGER consultation_consents_only_withdraw BEFORE UPDATE ON consultation_consents FOR EACH ROW
    WHEN (OLD.withdrawn_at IS NOT NULL OR NEW.withdrawn_at IS NULL OR to_jsonb(OLD) - 'withdrawn_at' <> to_jsonb(NEW) - 'withdrawn_at')
    EXECUTE FUNCTION refuse_change();
CREATE TRIGGER consultation_consents_no_delete BEFORE DELETE ON consultation_consents FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER consultation_consents_no_truncate BEFORE TRUNCATE ON consultation_consents EXECUTE FUNCTION refuse_change();

-- A patient who booked before there were notices consented by booking, to version 0: live consultations continue.
INSERT INTO consultation_consents (consultation_id, basis, notice_version, actor_id, given_at)
SELECT c.id, 'IMPLIED', 0, c.patient_id, c.created_at FROM seats s JOIN consultations c ON c.id = s.consultation_id;

-- +goose StatementBegin
INSERT INTO consent_notices (purpose, version, language, title, text, required) VALUES
('TREATMENT', 1, 'en', 'Consent to treatment by video and to the record of it', $notice$You are asked to consent to two things that belong together: being advised and treated by a doctor over video, and the keeping of the record that such a treatment needs. Without this consent you can look for doctors, but not book one.

What a consultation by video is. The doctor sees and hears you, but cannot examine you by hand. The doctor may therefore decide that video is not enough for your complaint and ask you to come in person, may ask you for earlier reports, and may not prescribe every medicine. Both you and the doctor may end a consultation at any time. Video is not for emergencies: if your life or health is in immediate danger, call 112 or go to the nearest hospital. The doctor has to know who you are, and you may ask for the doctor's name, qualification and registration number, which are shown in the doctor's profile.

What is kept. Your name and email address, and the phone number, address, date of birth and gender if you give them; the times of your consultations and with whom; the reason you state for coming; the doctor's notes, prescriptions and advice; what you paid and what was given back; and who read your record and when. It is used to arrange and hold your consultations, to treat you, to settle payments and to meet duties laid down by law. What you write as your reason, the doctor's notes and your prescriptions are stored encrypted.

Who sees it. Your reason, the notes and the prescriptions of a consultation are read by you and by the doctor of that consultation. Support staff see times, people and payments, but never anything about your health. An administrator can read it only after stating a purpose, which is recorded. Payment providers learn the amount, not the reason. Your data is not sold, and is given to nobody else unless the law demands it.

How long. The record of a consultation is kept for 3 years from the consultation, because doctors are bound to keep it. After that you can have it erased.

Your rights. You may ask for a summary and a copy of what is kept about you, have it corrected, have erased what no law requires to be kept, and name a person who exercises these rights for you if you die or can no longer do so yourself. You may withdraw this consent at any time, as easily as you gave it, with one step in your account. What happened before stays lawful, and the record of it is kept for its 3 years. After a withdrawal you can make no new booking; a consultation that is already booked stays booked, but the doctor can start it only after you have consented to that consultation expressly, and you may cancel it instead.

Booking. By booking a consultation yourself you consent to that consultation; this is recorded. When somebody else arranges one for you, you are asked first.

Questions and complaints. Turn to whoever runs this service: their name and their contact for questions and grievances stand on the website or app through which you came here. If you are not satisfied with the answer, you may complain to the Data Protection Board of India. You may read this notice in English or in Hindi.$notice$, true),

('TREATMENT', 1, 'hi', 'वीडियो पर उपचार और उसका अभिलेख रखने की सहमति', $notice$आपसे दो ऐसी बातों के लिए सहमति माँगी जा रही है जो एक-दूसरे से जुड़ी हैं: वीडियो पर डॉक्टर से परामर्श और उपचार लेना, तथा ऐसे उपचार के लिए आवश्यक अभिलेख का रखा जाना। इस सहमति के बिना आप डॉक्टर खोज सकते हैं, पर परामर्श बुक नहीं कर सकते।

वीडियो परामर्श क्या है। डॉक्टर आपको देख और सुन सकते हैं, पर हाथ से जाँच नहीं कर सकते। इसलिए डॉक्टर यह तय कर सकते हैं कि आपकी तकलीफ़ के लिए वीडियो पर्याप्त नहीं है और आपको स्वयं आने के लिए कह सकते हैं, आपकी पुरानी रिपोर्ट माँग सकते हैं, और हर दवा नहीं लिख सकते। आप और डॉक्टर, दोनों परामर्श को कभी भी समाप्त कर सकते हैं। वीडियो परामर्श आपात स्थिति के लिए नहीं है: यदि आपके जीवन या स्वास्थ्य को तत्काल ख़तरा हो, तो 112 पर फ़ोन करें या निकटतम अस्पताल जाएँ। डॉक्टर के लिए यह जानना आवश्यक है कि आप कौन हैं; आप भी डॉक्टर का नाम, योग्यता और पंजीकरण संख्या पूछ सकते हैं, जो डॉक्टर के परिचय में दिखाए जाते हैं।

क्या रखा जाता है। आपका नाम और ईमेल पता; यदि आप दें तो फ़ोन नंबर, पता, जन्मतिथि और लिंग; आपके परामर्शों का समय और वे किसके साथ हुए; आने का वह कारण जो आप बताते हैं; डॉक्टर की टिप्पणियाँ, पर्चे और सलाह; आपने कितना भुगतान किया और कितना लौटाया गया; तथा आपका अभिलेख किसने और कब पढ़ा। इसका उपयोग आपके परामर्श तय करने और कराने, आपका उपचार करने, भुगतान निपटाने और क़ानून से मिले दायित्व पूरे करने के लिए होता है। आपका बताया कारण, डॉक्टर की टिप्पणियाँ और आपके पर्चे एन्क्रिप्ट करके रखे जाते हैं।

कौन देखता है। किसी परामर्श का कारण, टिप्पणियाँ और पर्चे आप और उसी परामर्श के डॉक्टर पढ़ते हैं। सहायता कर्मी समय, संबंधित व्यक्ति और भुगतान देखते हैं, पर आपके स्वास्थ्य के बारे में कुछ भी नहीं। व्यवस्थापक इन्हें केवल उद्देश्य बताकर पढ़ सकते हैं, और वह उद्देश्य दर्ज होता है। भुगतान सेवा को केवल राशि का पता चलता है, कारण का नहीं। आपका डेटा बेचा नहीं जाता, और क़ानून की माँग के बिना किसी और को नहीं दिया जाता।

कितने समय तक। किसी परामर्श का अभिलेख परामर्श के दिन से 3 वर्ष तक रखा जाता है, क्योंकि डॉक्टर इसे रखने के लिए बाध्य हैं। उसके बाद आप इसे मिटवा सकते हैं।

आपके अधिकार। आपके बारे में जो रखा गया है, आप उसका सार और प्रति माँग सकते हैं, उसे ठीक करवा सकते हैं, जिसे रखना किसी क़ानून से आवश्यक नहीं उसे मिटवा सकते हैं, और किसी ऐसे व्यक्ति को नामित कर सकते हैं जो आपकी मृत्यु या असमर्थता की स्थिति में आपके ये अधिकार निभाए। आप यह सहमति कभी भी, उतनी ही आसानी से जितनी आसानी से दी थी, अपने खाते में एक क़दम से वापस ले सकते हैं। जो पहले हो चुका वह वैध बना रहता है, और उसका अभिलेख 3 वर्ष तक रखा जाता है। सहमति वापस लेने के बाद आप नई बुकिंग नहीं कर सकते; जो परामर्श पहले से बुक है वह बुक रहता है, पर डॉक्टर उसे तभी आरंभ कर सकते हैं जब आप उस परामर्श के लिए स्पष्ट सहमति दें; आप चाहें तो उसे रद्द भी कर सकते हैं।

बुकिंग। जब आप स्वयं कोई परामर्श बुक करते हैं, तो आप उस परामर्श के लिए सहमति देते हैं; यह दर्ज किया जाता है। जब कोई और आपके लिए परामर्श तय करे, तो पहले आपसे पूछा जाता है।

प्रश्न और शिकायतें। इस सेवा को चलाने वाले से संपर्क करें: उनका नाम तथा प्रश्नों और शिकायतों के लिए उनका संपर्क उस वेबसाइट या ऐप पर दिया है जिससे आप यहाँ आए हैं। यदि आप उत्तर से संतुष्ट न हों, तो भारतीय डेटा संरक्षण बोर्ड से शिकायत कर सकते हैं। आप यह सूचना अंग्रेज़ी या हिन्दी में पढ़ सकते हैं।$notice$, true),

('DATA_USE', 1, 'en', 'Consent to the use of your data for improving this service', $notice$You are asked whether data about your use of this service may also be used to improve it. This is separate from your treatment: you can book and be treated without it, on the same terms.

What is used. Which doctors, specializations and times you looked for, which steps you took until you booked or gave up, how long you waited for a consultation, and its fee. Not used are the reason you state, the doctor's notes, your prescriptions and advice, your phone number, your address and your date of birth. Counts without names that running the service needs, such as how many consultations were held, paid or missed, are made in any case.

What for. To find out where doctors and times are lacking and at which steps people give up, and to change the service accordingly. No decision about you is made from it, it is not used for advertising, and it is not sold.

Who sees it. The people who run this service and its engineers. Results leave that circle only as counts of many people in which nobody can be recognised.

How long. For 3 years from the consultation at most. Counts in which nobody can be recognised may be kept longer.

Your rights. You may withdraw this consent at any time, as easily as you gave it, with one step in your account; from then on your data is no longer used for this purpose, and nothing else changes for you. You may ask for a summary and a copy of what is kept about you, have it corrected or erased where no law requires it to be kept, and name a person who exercises these rights for you if you die or can no longer do so yourself.

Questions and complaints. Turn to whoever runs this service: their name and their contact for questions and grievances stand on the website or app through which you came here. If you are not satisfied with the answer, you may complain to the Data Protection Board of India. You may read this notice in English or in Hindi.$notice$, false),

('DATA_USE', 1, 'hi', 'सेवा को बेहतर बनाने के लिए आपके डेटा के उपयोग की सहमति', $notice$आपसे पूछा जा रहा है कि क्या इस सेवा के आपके उपयोग से जुड़ा डेटा सेवा को बेहतर बनाने के लिए भी काम में लिया जा सकता है। यह आपके उपचार से अलग है: इसके बिना भी आप उन्हीं शर्तों पर परामर्श बुक कर सकते हैं और उपचार पा सकते हैं।

क्या काम में लिया जाता है। आपने कौन-से डॉक्टर, विशेषज्ञताएँ और समय खोजे, बुक करने या रुक जाने तक आपने कौन-से क़दम उठाए, आपको परामर्श के लिए कितनी प्रतीक्षा करनी पड़ी, और उसका शुल्क। आपका बताया कारण, डॉक्टर की टिप्पणियाँ, आपके पर्चे और सलाह, आपका फ़ोन नंबर, पता और जन्मतिथि काम में नहीं लिए जाते। सेवा चलाने के लिए आवश्यक ऐसी गिनतियाँ जिनमें कोई नाम नहीं होता, जैसे कितने परामर्श हुए, कितनों का भुगतान हुआ या कितने छूट गए, हर हाल में की जाती हैं।

किसलिए। यह जानने के लिए कि कहाँ डॉक्टरों और समय की कमी है, और सेवा के किस क़दम पर लोग रुक जाते हैं, तथा उसके अनुसार सेवा को सुधारने के लिए। इससे आपके बारे में कोई निर्णय नहीं लिया जाता, इसका उपयोग विज्ञापन के लिए नहीं होता, और इसे बेचा नहीं जाता।

कौन देखता है। इस सेवा को चलाने वाले और उनके इंजीनियर। परिणाम इस दायरे से बाहर केवल बहुत-से लोगों की गिनती के रूप में जाते हैं, जिनमें किसी को पहचाना नहीं जा सकता।

कितने समय तक। परामर्श के दिन से अधिक से अधिक 3 वर्ष तक। जिन गिनतियों में किसी को पहचाना नहीं जा सकता, वे अधिक समय तक रखी जा सकती हैं।

आपके अधिकार। आप यह सहमति कभी भी, उतनी ही आसानी से जितनी आसानी से दी थी, अपने खाते में एक क़दम से वापस ले सकते हैं; तब से आपका डेटा इस उद्देश्य के लिए काम में नहीं लिया जाएगा, और आपके लिए और कुछ नहीं बदलेगा। आपके बारे में जो रखा गया है, आप उसका सार और प्रति माँग सकते हैं, उसे ठीक करवा सकते हैं, जिसे रखना किसी क़ानून से आवश्यक नहीं उसे मिटवा सकते हैं, और किसी ऐसे व्यक्ति को नामित कर सकते हैं जो आपकी मृत्यु या असमर्थता की स्थिति में आपके ये अधिकार निभाए।

प्रश्न और शिकायतें। इस सेवा को चलाने वाले से संपर्क करें: उनका नाम तथा प्रश्नों और शिकायतों के लिए उनका संपर्क उस वेबसाइट या ऐप पर दिया है जिससे आप यहाँ आए हैं। यदि आप उत्तर से संतुष्ट न हों, तो भारतीय डेटा संरक्षण बोर्ड से शिकायत कर सकते हैं। आप यह सूचना अंग्रेज़ी या हिन्दी में पढ़ सकते हैं।$notice$, false),

('MESSAGES', 1, 'en', 'Consent to messages that you do not strictly need', $notice$You are asked whether this service may write to you beyond what your consultations and your account require. This is separate from your treatment: you can book and be treated without it, on the same terms.

What you get in any case. Messages that belong to a consultation you booked (its confirmation, change, cancellation, reminder, payment, refund and prescription) and those that protect your account (verification, a new password, a new device) are part of the service and are sent without this consent.

What you consent to. A question how a consultation was, a hint that a follow-up is due, and news of this service such as new doctors or specializations. They are sent to your email address, and to no other address or number unless you are asked for that too. They never hold anything about your health: not the reason, not the notes, not a medicine.

Who sees it. Your name and email address are used for this by whoever runs this service and by the mail server that carries the message. They are not sold, and not given to anybody for advertising of their own.

How long. Until you withdraw this consent or delete your account. That you consented, and when, is kept for 3 years as evidence.

Your rights. You may withdraw this consent at any time, as easily as you gave it, with one step in your account; these messages then stop, and nothing else changes for you. You may ask for a summary and a copy of what is kept about you, have it corrected or erased where no law requires it to be kept, and name a person who exercises these rights for you if you die or can no longer do so yourself.

Questions and complaints. Turn to whoever runs this service: their name and their contact for questions and grievances stand on the website or app through which you came here. If you are not satisfied with the answer, you may complain to the Data Protection Board of India. You may read this notice in English or in Hindi.$notice$, false),

('MESSAGES', 1, 'hi', 'ऐसे संदेशों की सहमति जो आपके लिए अनिवार्य नहीं हैं', $notice$आपसे पूछा जा रहा है कि क्या यह सेवा आपको उससे अधिक संदेश भेज सकती है जितने आपके परामर्शों और आपके खाते के लिए आवश्यक हैं। यह आपके उपचार से अलग है: इसके बिना भी आप उन्हीं शर्तों पर परामर्श बुक कर सकते हैं और उपचार पा सकते हैं।

आपको हर हाल में क्या मिलता है। आपके बुक किए परामर्श से जुड़े संदेश (पुष्टि, बदलाव, रद्द होना, अनुस्मारक, भुगतान, धनवापसी और पर्चा) और आपके खाते की सुरक्षा के संदेश (सत्यापन, नया पासवर्ड, नया उपकरण) सेवा का हिस्सा हैं और इस सहमति के बिना भी भेजे जाते हैं।

आप किस बात की सहमति देते हैं। यह पूछना कि परामर्श कैसा रहा, यह बताना कि अगला परामर्श लेने का समय हो गया है, और इस सेवा के समाचार, जैसे नए डॉक्टर या विशेषज्ञताएँ। ये आपके ईमेल पते पर भेजे जाते हैं, और किसी दूसरे पते या नंबर पर तभी जब आपसे उसके लिए भी पूछा जाए। इनमें आपके स्वास्थ्य के बारे में कुछ नहीं होता: न कारण, न टिप्पणियाँ, न कोई दवा।

कौन देखता है। आपके नाम और ईमेल पते का इसके लिए उपयोग इस सेवा को चलाने वाले और संदेश पहुँचाने वाला मेल सर्वर करते हैं। इन्हें बेचा नहीं जाता, और किसी को उसके अपने विज्ञापन के लिए नहीं दिया जाता।

कितने समय तक। जब तक आप यह सहमति वापस न लें या अपना खाता न मिटाएँ। आपने सहमति दी और कब दी, यह प्रमाण के रूप में 3 वर्ष तक रखा जाता है।

आपके अधिकार। आप यह सहमति कभी भी, उतनी ही आसानी से जितनी आसानी से दी थी, अपने खाते में एक क़दम से वापस ले सकते हैं; तब ये संदेश रुक जाते हैं, और आपके लिए और कुछ नहीं बदलता। आपके बारे में जो रखा गया है, आप उसका सार और प्रति माँग सकते हैं, उसे ठीक करवा सकते हैं, जिसे रखना किसी क़ानून से आवश्यक नहीं उसे मिटवा सकते हैं, और किसी ऐसे व्यक्ति को नामित कर सकते हैं जो आपकी मृत्यु या असमर्थता की स्थिति में आपके ये अधिकार निभाए।

प्रश्न और शिकायतें। इस सेवा को चलाने वाले से संपर्क करें: उनका नाम तथा प्रश्नों और शिकायतों के लिए उनका संपर्क उस वेबसाइट या ऐप पर दिया है जिससे आप यहाँ आए हैं। यदि आप उत्तर से संतुष्ट न हों, तो भारतीय डेटा संरक्षण बोर्ड से शिकायत कर सकते हैं। आप यह सूचना अंग्रेज़ी या हिन्दी में पढ़ सकते हैं।$notice$, false);
-- +goose StatementEnd
