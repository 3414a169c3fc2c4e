use tokio::io::AsyncReadExt as _;

use super::*;

/// Says all of it at once, and gives what came back.
async fn said(mailbox: &Mailbox, text: &str) -> String {
    let listener = Mailbox::bind().await.unwrap();
    let address = listener.local_addr().unwrap();
    let stopping = CancellationToken::new();
    let serving = tokio::spawn(mailbox.clone().serve(listener, stopping.clone()));
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(text.replace('\n', "\r\n").as_bytes()).await.unwrap();
    let mut answers = String::new();
    client.read_to_string(&mut answers).await.unwrap();
    stopping.cancel();
    serving.await.unwrap();
    answers.replace("\r\n", "\n")
}

#[tokio::test]
async fn a_mail_arrives_without_the_dots_of_its_journey() {
    let mailbox = Mailbox::new(Clock::default());
    let mail = "Subject: Hi\n\n..one dot\n.\n";
    let session = format!("EHLO me\nMAIL FROM:<a@b.example> SIZE=12\nRCPT TO:<ada@example.com>\nDATA\n{mail}QUIT\n");
    let answers = said(&mailbox, &session).await;
    assert!(answers.starts_with("220 ") && answers.ends_with("250 kept\n221 bye\n"), "{answers}");
    let [letter] = <[_; 1]>::try_from(mailbox.letters()).unwrap();
    assert_eq!((letter.subject.as_str(), letter.text.as_str()), ("Hi", ".one dot\r\n"));
    assert_eq!(letter.to, ["ada@example.com"]);
    assert!(mailbox.letter(1).is_some() && mailbox.letter(2).is_none());
}

#[tokio::test]
async fn what_comes_in_the_wrong_order_or_is_too_large_is_refused() {
    let mailbox = Mailbox::new(Clock::default());
    let answers = said(
        &mailbox,
        "DATA\nRCPT TO:<a@b.c>\nMAIL TO:<a@b.c>\nMAIL FROM:<>\nMAIL FROM:<>\nRCPT TO:<>\nVRFY a\nQUIT\n",
    )
    .await;
    let codes: Vec<&str> = answers.lines().map(|line| &line[..3]).collect();
    assert_eq!(codes, ["220", "503", "503", "501", "250", "503", "501", "500", "221"]);
    let large = format!("MAIL FROM:<>\nRCPT TO:<a@b.c>\nDATA\n{}.\nNOOP\nQUIT\n", "x\n".repeat(LARGEST / 2));
    let answers = said(&mailbox, &large).await;
    assert!(answers.contains("552 that is too large\n250 ok\n221 bye"), "{answers}");
    assert!(mailbox.letters().is_empty());
}

#[tokio::test]
async fn only_the_newest_are_kept_and_numbers_go_on() {
    let mailbox = Mailbox::new(Clock::default());
    for _ in 0..=MOST {
        mailbox.take(Vec::new(), b"Subject: x\r\n\r\n");
    }
    let letters = mailbox.letters();
    assert_eq!((letters.len(), letters[0].number, letters[MOST - 1].number), (MOST, 201, 2));
}
