use super::*;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\n\r\n";
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfine";
const PATIENCE: Duration = Duration::from_secs(20);

/// A server that counts what it is asked, and a door before it.
async fn before_a_server() -> (Door, Arc<Mutex<u64>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let door = Door::open(CancellationToken::new()).await;
    door.turn(&format!("http://{}", listener.local_addr().unwrap()));
    let asked = Arc::new(Mutex::new(0));
    let counting = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let asked = Arc::clone(&counting);
            tokio::spawn(async move {
                while matches!(stream.read(&mut [0; 256]).await, Ok(1..)) {
                    *lock(&asked) += 1;
                    if stream.write_all(ANSWER).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (door, asked)
}

/// What comes back until the connection ends, or until a whole answer is there.
async fn ask(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    stream.write_all(REQUEST).await?;
    let mut answer = Vec::new();
    while answer.len() < ANSWER.len() && tokio::time::timeout(PATIENCE, stream.read_buf(&mut answer)).await?? > 0 {}
    Ok(answer)
}

#[tokio::test]
async fn each_fault_strikes_where_it_says() {
    for (fault, comes, served) in [
        (Fault::Pass, Some(ANSWER.len()), 1),
        (Fault::Late(Duration::from_millis(5)), Some(ANSWER.len()), 1),
        (Fault::LateReply(Duration::from_millis(5)), Some(ANSWER.len()), 1),
        (Fault::Refuse, None, 0),
        (Fault::DropReply, Some(0), 1),
        (Fault::CutReply(7), Some(7), 1),
        (Fault::Reset, None, 1),
    ] {
        let (door, asked) = before_a_server().await;
        door.rule(move |_| fault);
        let mut stream = TcpStream::connect(door.address).await.unwrap();
        let came = ask(&mut stream).await.ok().map(|answer| answer.len());
        assert_eq!((came, *lock(&asked)), (comes, served), "{fault:?}");
        assert_eq!(door.struck(fault), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn each_request_of_a_connection_is_judged_by_its_first_line() {
    let (door, asked) = before_a_server().await;
    let lines = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&lines);
    door.rule(move |line| {
        lock(&heard).push(line.to_owned());
        if lock(&heard).len() == 3 { Fault::DropReply } else { Fault::Pass }
    });
    let mut stream = TcpStream::connect(door.address).await.unwrap();
    let mut came = Vec::new();
    for _ in 0..3 {
        came.push(ask(&mut stream).await.unwrap().len());
    }
    assert_eq!((came, *lock(&asked)), (vec![ANSWER.len(), ANSWER.len(), 0], 3));
    assert_eq!(*lock(&lines), ["GET / HTTP/1.1"; 3]);
}

#[tokio::test]
async fn a_half_open_connection_says_nothing_and_stays() {
    let (door, asked) = before_a_server().await;
    door.rule(|_| Fault::HalfOpen);
    let mut stream = TcpStream::connect(door.address).await.unwrap();
    stream.write_all(REQUEST).await.unwrap();
    while *lock(&asked) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let silence = tokio::time::timeout(Duration::from_millis(200), stream.read(&mut [0; 64])).await;
    assert!(silence.is_err(), "{silence:?}");
}

#[tokio::test]
async fn a_door_that_leads_nowhere_is_a_closed_port() {
    let (door, _) = before_a_server().await;
    door.shut();
    let mut stream = TcpStream::connect(door.address).await.unwrap();
    assert!(!matches!(ask(&mut stream).await, Ok(answer) if !answer.is_empty()));
}
