package krb5

import "crypto/cipher"

const blockSize = 16

// encryptCTS encrypts b in place by AES in CBC mode with ciphertext stealing and an
// initial vector of zeros ([RFC 3962] 5): b has more than a block. What is behind b
// up to the next block must be its to use.
func encryptCTS(block cipher.Block, b []byte) {
	n := len(b)
	full := b[:(n+blockSize-1)&^(blockSize-1)]
	clear(full[n:])
	var iv [blockSize]byte
	cipher.NewCBCEncrypter(block, iv[:]).CryptBlocks(full, full)
	swapLast(full)
}

// decryptCTS is its inverse.
func decryptCTS(block cipher.Block, b []byte) {
	n := len(b)
	full := b[:(n+blockSize-1)&^(blockSize-1)]
	m := len(full)
	if n < m {
		// The block that came whole is the last one; what it hides of the one before is
		// what was not sent.
		var last [blockSize]byte
		block.Decrypt(last[:], full[m-2*blockSize:m-blockSize])
		copy(full[n:], last[n-(m-blockSize):])
	}
	swapLast(full)
	var iv [blockSize]byte
	cipher.NewCBCDecrypter(block, iv[:]).CryptBlocks(full, full)
}

// swapLast exchanges the last two blocks.
func swapLast(b []byte) {
	m := len(b)
	var last [blockSize]byte
	copy(last[:], b[m-blockSize:])
	copy(b[m-blockSize:], b[m-2*blockSize:m-blockSize])
	copy(b[m-2*blockSize:], last[:])
}
