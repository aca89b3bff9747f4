module netelf.example

go 1.26
