// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC2612, IPermit2} from "../interfaces/IPulls.sol";
import {IRootChain} from "../interfaces/IRootChain.sol";
import {Transfers} from "../lib/Transfers.sol";
import {Reserve} from "./Reserve.sol";

/// @title Deposits, and the list of tokens
/// @dev A token deposit counts only if the balance grew by exactly the credited amount. No other call may run during
/// the measurement, because one transfer could otherwise be credited twice. A signature for a transfer to this contract
/// can be used only for a deposit for its signer, so anyone may submit it.
abstract contract Deposits is Reserve {
    /// @dev receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)
    bytes4 private constant RECEIVE_SPLIT = 0xef55bec6;
    /// @dev receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)
    bytes4 private constant RECEIVE_BYTES = 0x88b7ab63;

    mapping(address token => bool) private _registered;

    /// @inheritdoc IRootChain
    function registerToken(address token) external returns (uint256 id) {
        id = _tokenCount;
        if (token.code.length == 0 || _registered[token] || id >> 16 != 0) revert InvalidToken(token);
        _registered[token] = true;
        _tokens[id] = token;
        _tokenCount = id + 1;
        emit TokenRegistered(id, token);
    }

    /// @inheritdoc IRootChain
    function depositETH(address owner) external payable returns (uint256) {
        // The limit is half of the range of the ledger.
        if (address(this).balance >> 87 != 0) revert InvalidAmount(msg.value);
        return _credit(owner, 0, msg.value);
    }

    /// @inheritdoc IRootChain
    function deposit(uint256 token, uint256 amount, address owner) external nonReentrant returns (uint256) {
        (address asset, uint256 before) = _measure(token);
        Transfers.tryPull(asset, msg.sender, amount);
        return _receive(token, asset, before, amount, owner);
    }

    /// @inheritdoc IRootChain
    function depositWithPermit(
        uint256 token,
        uint256 amount,
        address owner,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external nonReentrant returns (uint256) {
        (address asset, uint256 before) = _measure(token);
        // If the permit was already used, the allowance exists and the pull succeeds.
        Transfers.tryCall(
            asset, abi.encodeCall(IERC2612.permit, (msg.sender, address(this), amount, deadline, v, r, s))
        );
        Transfers.tryPull(asset, msg.sender, amount);
        return _receive(token, asset, before, amount, owner);
    }

    /// @inheritdoc IRootChain
    function depositWithAuthorization(
        uint256 token,
        uint256 amount,
        address from,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external nonReentrant returns (uint256) {
        (address asset, uint256 before) = _measure(token);
        bytes memory start = abi.encode(from, address(this), amount, validAfter, validBefore, nonce);
        bytes memory data = signature.length == 65
            ? bytes.concat(
                RECEIVE_SPLIT,
                start,
                abi.encode(uint8(signature[64]), bytes32(signature[:32]), bytes32(signature[32:64]))
            )
            : bytes.concat(RECEIVE_BYTES, start, abi.encode(uint256(7 * 32), signature.length), signature);
        Transfers.tryCall(asset, data);
        return _receive(token, asset, before, amount, from);
    }

    /// @inheritdoc IRootChain
    function depositWithPermit2(
        uint256 token,
        uint256 amount,
        address from,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external nonReentrant returns (uint256) {
        (address asset, uint256 before) = _measure(token);
        Transfers.tryCall(
            _PERMIT2,
            abi.encodeCall(
                IPermit2.permitTransferFrom,
                (
                    IPermit2.PermitTransferFrom(IPermit2.TokenPermissions(asset, amount), nonce, deadline),
                    IPermit2.SignatureTransferDetails(address(this), amount),
                    from,
                    signature
                )
            )
        );
        return _receive(token, asset, before, amount, from);
    }

    /// @dev Returns a token and the balance before a deposit.
    function _measure(uint256 token) private view returns (address asset, uint256 before) {
        asset = tokenOf(token);
        if (asset == address(0)) revert InvalidToken(asset);
        before = Transfers.balance(asset);
    }

    /// @dev Only the balance counts, because the return values of tokens are not trusted either way.
    function _receive(uint256 token, address asset, uint256 before, uint256 amount, address owner)
        private
        returns (uint256)
    {
        uint256 received;
        unchecked {
            // A balance that fell wraps around and equals no amount that can be credited.
            received = Transfers.balance(asset) - before;
        }
        if (received != amount) revert InsufficientTransfer(asset, received, amount);
        return _credit(owner, token, amount);
    }

    /// @dev Creates a deposit and stores the hash of its record.
    function _credit(address owner, uint256 token, uint256 amount) private returns (uint256 id) {
        if (amount == 0 || amount >> 96 != 0) revert InvalidAmount(amount);
        if (owner == address(0)) revert MissingOwner();
        Head storage h = _loadHead();
        id = h.nextDeposit;
        unchecked {
            h.nextDeposit = uint40(id + 1);
        }
        deposits[id] = keccak256(abi.encodePacked(owner, uint16(token), uint96(amount), uint40(block.timestamp)));
        emit Deposited(owner, id, token, amount, block.timestamp);
    }
}
