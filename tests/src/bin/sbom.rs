//! `make supply`: writes what helper and widget are made of, as `CycloneDX`, into the folder that is
//! named, and prints how many packages that is.

use std::io::Write as _;
use std::path::Path;

use checkout_tests::supply::{PRODUCTS, bill, packages};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("name a folder")?;
    std::fs::create_dir_all(&folder)?;
    for product in PRODUCTS {
        let path = Path::new(&folder).join(format!("{}.cdx.json", product.name));
        std::fs::write(&path, serde_json::to_string_pretty(&bill(product))?)?;
        let packages = packages(product);
        let shipped = packages.iter().filter(|package| package.shipped).count();
        let (name, all) = (product.name, packages.len());
        writeln!(
            std::io::stdout(),
            "  {name:<8} {shipped:>4} packages inside, {all:>4} to build it  {}",
            path.display()
        )?;
    }
    Ok(())
}
