// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {MockSignatures} from "./MockSignatures.sol";

/// @title ReentrantWallet1271
/// @notice ERC-1271 signer that misbehaves inside `isValidSignature`, as its mode says.
contract ReentrantWallet1271 {
    /// @dev Reenter calls the target first, then answers with the magic value.
    enum Mode {
        Accept, // the magic value, for any signature
        WrongMagic, // 0xffffffff
        BurnGas, // consumes all gas
        ReturnBomb, // the magic value, then a megabyte of zeros
        RevertBomb, // a megabyte of revert data
        Revert, // reverts without data
        ShortReturn, // only the four bytes of the magic value
        EmptyReturn, // nothing
        DirtyMagic, // the magic value followed by non-zero bytes in the same word
        Reenter
    }

    uint256 private constant _BOMB = 1 << 20;

    Mode public mode;
    address public target;
    bytes public payload;

    receive() external payable {}

    function setMode(Mode mode_) external {
        mode = mode_;
    }

    /// @notice Sets mode Reenter with the call to make.
    function arm(address target_, bytes calldata payload_) external {
        mode = Mode.Reenter;
        target = target_;
        payload = payload_;
    }

    /// @notice Lets anyone act as this wallet: this is a mock.
    function execute(address to, uint256 value, bytes calldata data) external payable returns (bytes memory) {
        (bool ok, bytes memory result) = to.call{value: value}(data);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(result, 0x20), mload(result))
            }
        }
        return result;
    }

    /// @dev Not `view` on purpose: the caller's STATICCALL, not this declaration, must stop the reentry.
    function isValidSignature(bytes32, bytes calldata) external returns (bytes4) {
        Mode current = mode;
        bytes32 magic = MockSignatures.ERC1271_MAGIC;
        if (current == Mode.WrongMagic) return 0xffffffff;
        if (current == Mode.Reenter) {
            // a write under STATICCALL burns what it was given: keep half to answer with
            (bool ok,) = target.call{gas: gasleft() / 2}(payload);
            // a reentry that got through must be visible to the test: it changes the answer
            return ok ? bytes4(0xdeadbeef) : MockSignatures.ERC1271_MAGIC;
        }
        assembly {
            switch current
            case 2 { invalid() }
            case 3 {
                mstore(0, magic)
                return(0, _BOMB)
            }
            case 4 { revert(0, _BOMB) }
            case 5 { revert(0, 0) }
            case 6 {
                mstore(0, magic)
                return(0, 4)
            }
            case 7 { return(0, 0) }
            case 8 {
                mstore(0, or(magic, 1))
                return(0, 32)
            }
        }
        return MockSignatures.ERC1271_MAGIC;
    }
}
